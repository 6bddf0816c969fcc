#include "proxy/relay.h"

#include "base/limits.h"

namespace proxy {
namespace {

constexpr std::string_view user_agent = "e2ee-proxy";

std::string bearer(const base::ApiKey& key) {
    return "Bearer " + std::string(key.reveal());
}

}  // namespace

net::Task<base::Result<RelayAnswer>> Relay::get(Get what, const base::ApiKey& key, net::Cancellation& cancellation,
                                                net::Timepoint until) {
    net::UpstreamRequest request{.method = "GET", .target = std::move(what.target), .headers = {}, .body = {}, .resend = {}};
    request.resend = net::UpstreamRequest::Resend::once;
    request.headers.add("User-Agent", std::string(user_agent));
    request.headers.add("Accept", "application/json");
    if (!key.empty()) request.headers.add("Authorization", bearer(key));
    auto reply = co_await client_.send(what.origin, std::move(request), cancellation, until);
    if (!reply) co_return std::unexpected(std::move(reply.error()));
    auto body = co_await reply->read_all(what.size_max, until);
    if (!body) co_return std::unexpected(std::move(body.error()));
    co_return RelayAnswer{reply->head().status, reply->head().headers, std::move(*body)};
}

net::Task<base::Result<RelayAnswer>> Relay::models(const base::ApiKey& key, std::string query, net::Cancellation& cancellation,
                                                   net::Timepoint until) {
    return get({settings_.models, "/v1/models" + query, base::limits::models_reply_max}, key, cancellation, until);
}

net::Task<base::Result<RelayAnswer>> Relay::aliases(const base::ApiKey& key, net::Cancellation& cancellation,
                                                    net::Timepoint until) {
    return get({settings_.api, "/model_aliases/", base::limits::models_reply_max}, key, cancellation, until);
}

net::Task<base::Result<RelayAnswer>> Relay::instances(const base::ApiKey& key, const base::ChuteId& chute,
                                                      net::Cancellation& cancellation, net::Timepoint until) {
    return get({settings_.api, "/e2e/instances/" + chute.text(), base::limits::discovery_reply_max}, key, cancellation, until);
}

net::Task<base::Result<net::UpstreamReply>> Relay::invoke(const Invocation& invocation, net::Cancellation& cancellation,
                                                          net::Timepoint until) {
    net::UpstreamRequest request{
        .method = "POST", .target = "/e2e/invoke", .headers = {}, .body = invocation.envelope, .resend = {}};
    request.resend = net::UpstreamRequest::Resend::never;
    net::Headers& headers = request.headers;
    headers.add("User-Agent", std::string(user_agent));
    headers.add("Authorization", bearer(invocation.key));
    headers.add("X-Chute-Id", invocation.chute.text());
    headers.add("X-Instance-Id", invocation.instance.text());
    headers.add("X-E2E-Nonce", std::string(invocation.nonce.reveal()));
    headers.add("X-E2E-Stream", invocation.stream ? "true" : "false");
    headers.add("X-E2E-Path", std::string(invocation.path));
    headers.add("X-E2EE-Usage-Passthrough", "false");
    headers.add("Content-Type", "application/octet-stream");
    return client_.send(settings_.api, std::move(request), cancellation, until);
}

}  // namespace proxy
