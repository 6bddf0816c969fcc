#include "proxy/front.h"

#include "api/error_reply.h"
#include "api/request.h"
#include "base/limits.h"
#include "proxy/headers.h"

#include <chrono>
#include <utility>

namespace proxy {
namespace {

using net::Clock;

api::Failure failure(base::ErrorKind kind, std::string detail) {
    return api::failure_of({kind, std::move(detail)});
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find_first_of("?#"));
}

std::string query_of(std::string_view target) {
    const std::size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string() : std::string(target.substr(mark, target.find('#') - mark));
}

}  // namespace

base::Result<base::ApiKey> Front::key_of(const net::Exchange& exchange) const {
    auto key = api_key_of(exchange.request().headers);
    if (!key) return key;
    const Options& options = parts_.forwarding.options;
    return exchange_token(std::move(*key), {options.api_key, options.client_tokens});
}

// Passed through, with or without a key: the list is public.
net::Task<void> Front::models(net::Exchange& exchange, Answer& answer) {
    const Forwarding& with = parts_.forwarding;
    const auto key = key_of(exchange);
    const base::ApiKey none;
    auto reply = co_await with.worker.relay.models(key ? *key : none, query_of(exchange.request().target),
                                                   exchange.cancellation(), Clock::now() + base::limits::models_wait);
    if (!reply) {
        co_await answer.fail(api::failure_of(reply.error()));
        co_return;
    }
    answer.pass_on(reply->headers);
    if (reply->status != 200) {
        co_await answer.fail(api::upstream_failure(reply->status, reply->body));
        co_return;
    }
    co_await answer.json(200, std::move(reply->body));
}

net::Task<void> Front::count_tokens(net::Exchange& exchange, Answer& answer) {
    const auto body = co_await exchange.read_body(parts_.forwarding.options.max_body);
    if (!body) {
        co_await answer.fail(body_failure(body.error()));
        co_return;
    }
    const auto count = api::count_tokens(*body);
    if (!count) {
        co_await answer.fail(count.error());
        co_return;
    }
    co_await answer.json(200, R"({"input_tokens":)" + std::to_string(*count) + "}");
}

net::Task<Account> Front::encrypted(net::Exchange& exchange, Answer& answer, Route route) {
    auto key = key_of(exchange);
    if (!key) {
        co_await answer.fail(api::failure_of(key.error()));
        co_return Account();
    }
    co_return co_await forward(parts_.forwarding, exchange, answer, route, std::move(*key));
}

net::Task<Account> Front::serve(net::Exchange& exchange, Answer& answer, Route route) {
    switch (route.kind) {
        case RouteKind::health:
            co_await answer.json(200, R"({"status":"ok"})");
            break;
        case RouteKind::models:
            co_await models(exchange, answer);
            break;
        case RouteKind::count_tokens:
            co_await count_tokens(exchange, answer);
            break;
        case RouteKind::probe:
            co_await answer.send(answer.head(200, ""), "");
            break;
        case RouteKind::encrypted:
            co_return co_await encrypted(exchange, answer, route);
        case RouteKind::preflight: {
            net::ResponseHead head = answer.head(204, "");
            add_preflight(head.headers, exchange.request().headers);
            co_await answer.send(std::move(head), "");
            break;
        }
        case RouteKind::method_not_allowed:
            answer.pass_on_allow(route.allowed);
            co_await answer.fail(failure(base::ErrorKind::method_not_allowed, "this path takes " + std::string(route.allowed)));
            break;
        case RouteKind::not_found:
            co_await answer.fail({404, "there is no such path here; the API begins with /v1/", {}, "unknown_url"});
            break;
    }
    co_return Account();
}

net::Task<void> Front::handle(net::Exchange& exchange) {
    const auto began = Clock::now();
    const net::RequestHead& request = exchange.request();
    const Route found = route(request.method, request.target);
    Answer answer(exchange,
                  {found.dialect, request_id_of(request.headers, fresh_request_id()), parts_.forwarding.options.cors_origins});
    Account account;
    if (parts_.hosts.allows(request.headers.find("host").value_or("localhost"))) {
        account = co_await serve(exchange, answer, found);
    } else {
        co_await answer.fail(
            failure(base::ErrorKind::misdirected,
                    "this proxy does not go by the name in the Host header; use a name of its certificate, or allow "
                    "this one with E2EE_ALLOWED_HOSTS"));
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
    parts_.forwarding.log.info("request", {{"id", answer.request_id()},
                                           {"method", request.method},
                                           {"path", path_of(request.target)},
                                           {"status", std::int64_t{answer.status()}},
                                           {"ms", std::int64_t{took}},
                                           {"model", account.model},
                                           {"instance", account.instance},
                                           {"attempts", std::int64_t{account.attempts}},
                                           {"stage", account.stage},
                                           {"failure", std::int64_t{answer.failure_status()}}});
}

net::Task<void> Front::reject(net::Exchange& exchange, base::Error error) {
    const net::RequestHead& request = exchange.request();
    Answer answer(exchange,
                  {route(request.method, request.target).dialect, fresh_request_id(), parts_.forwarding.options.cors_origins});
    parts_.forwarding.log.info("rejected", {{"id", answer.request_id()}, {"why", error.detail}});
    co_await answer.fail(api::failure_of(error));
}

net::Task<void> Redirect::handle(net::Exchange& exchange) {
    const net::RequestHead& request = exchange.request();
    const auto host = request.headers.find("host");
    net::ResponseHead head{.status = 301, .headers = {}};
    if (!host || !hosts_.allows(*host) || request.target.starts_with('*')) {
        head.status = 421;
    } else {
        const std::string name = host_without_port(*host);
        const std::string bracketed = name.contains(':') ? "[" + name + "]" : name;
        head.headers.add("Location",
                         "https://" + bracketed + (port_ == 443 ? "" : ":" + std::to_string(port_)) + request.target);
    }
    std::ignore = co_await exchange.reply(std::move(head), "");
}

net::Task<void> Redirect::reject(net::Exchange& exchange, base::Error error) {
    std::ignore = co_await exchange.reply({.status = api::status_of(error.kind), .headers = {}}, "");
}

}  // namespace proxy
