#include "proxy/answer.h"

#include "api/error_reply.h"
#include "base/limits.h"
#include "proxy/headers.h"

#include <utility>

namespace proxy {

api::Failure body_failure(const base::Error& error) {
    if (error.kind == base::ErrorKind::timeout) return {408, error.detail, {}, {}};
    return api::failure_of(error);
}

net::ResponseHead Answer::head(unsigned status, std::string_view content_type) const {
    net::ResponseHead head{.status = status, .headers = {}};
    if (!content_type.empty()) {
        head.headers.add("Content-Type", std::string(content_type));
        head.headers.add("X-Content-Type-Options", "nosniff");
        head.headers.add("Cache-Control", "no-store");
    }
    head.headers.add("X-Request-Id", settings_.request_id);
    if (settings_.dialect == api::Dialect::messages) head.headers.add("Request-Id", settings_.request_id);
    add_cors(head.headers, exchange_.request().headers, settings_.cors_origins);
    for (const auto& [name, value] : passed_on_) head.headers.set(name, value);
    return head;
}

void Answer::pass_on(const net::Headers& upstream) {
    constexpr std::string_view quota_prefix = "x-chutes-";
    for (const auto& [name, value] : upstream) {
        const bool quota =
            name.size() > quota_prefix.size() && net::same_token(name.substr(0, quota_prefix.size()), quota_prefix);
        if (quota || net::same_token(name, "retry-after") || net::same_token(name, "x-should-retry"))
            passed_on_.set(name, value);
    }
}

net::Task<void> Answer::send(net::ResponseHead head, std::string body) {
    status_ = head.status;
    // An error means that the client is gone: there is nobody to tell.
    std::ignore = co_await exchange_.reply(std::move(head), std::move(body));
}

net::Task<void> Answer::json(unsigned status, std::string body) {
    return send(head(status, "application/json"), std::move(body));
}

net::Task<void> Answer::fail(const api::Failure& failure) {
    failure_status_ = failure.status;
    net::ResponseHead reply = head(failure.status, "application/json");
    const auto from_upstream = passed_on_.find("retry-after");
    if (const auto after = api::retry_after(failure.status, from_upstream.value_or("")))
        reply.headers.set("Retry-After", *after);
    return send(std::move(reply), api::error_body(settings_.dialect, failure, settings_.request_id));
}

net::Timepoint StreamAnswer::keepalive_due() const {
    return last_write_ + (begun_ ? base::limits::keepalive_interval : base::limits::first_event_wait);
}

net::Task<bool> StreamAnswer::begin() {
    begun_ = true;
    net::ResponseHead head = answer_.head(200, "text/event-stream; charset=utf-8");
    head.headers.set("X-Accel-Buffering", "no");
    answer_.status_ = 200;
    const auto begun = co_await answer_.exchange_.begin_stream(std::move(head));
    co_return begun.has_value();
}

net::Task<bool> StreamAnswer::write(std::string bytes) {
    if (bytes.empty()) co_return true;
    last_write_ = net::Clock::now();
    if (!begun_) {
        const bool there = co_await begin();
        if (!there) co_return false;
    }
    const auto written = co_await answer_.exchange_.write(std::move(bytes));
    last_write_ = net::Clock::now();
    co_return written.has_value();
}

net::Task<bool> StreamAnswer::keep_alive() {
    return write(reply_.keepalive());
}

net::Task<void> StreamAnswer::end() {
    if (!begun_) {
        const bool there = co_await begin();
        if (!there) co_return;
    }
    std::ignore = co_await answer_.exchange_.end_stream();
}

net::Task<void> StreamAnswer::fail(const api::Failure& failure) {
    if (!begun_) {
        co_await answer_.fail(failure);
        co_return;
    }
    answer_.failure_status_ = failure.status;
    const bool there = co_await write(reply_.fail(failure));
    if (there) std::ignore = co_await answer_.exchange_.end_stream();
}

}  // namespace proxy
