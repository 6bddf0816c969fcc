// The reply to one client: one JSON document or a stream, with the headers every reply carries, errors in the client's dialect.
#pragma once

#include "api/dialect.h"
#include "api/failure.h"
#include "api/reply.h"
#include "net/exchange.h"
#include "net/loop.h"

#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// What decorates every reply to one request.
struct AnswerSettings {
    api::Dialect dialect = api::Dialect::chat;
    std::string request_id;
    const std::vector<std::string>& cors_origins;
};

// Why a request's body could not be read, to its client: slow senders get 408, not 504.
[[nodiscard]] api::Failure body_failure(const base::Error& error);

class Answer {
public:
    Answer(net::Exchange& exchange, AnswerSettings settings) : exchange_(exchange), settings_(std::move(settings)) {}

    [[nodiscard]] const std::string& request_id() const { return settings_.request_id; }
    // Of the reply that was sent; 0 before.
    [[nodiscard]] unsigned status() const { return status_; }
    // The status of the failure it ended with, also where a stream had begun with 200; 0: none. For the log, which must not
    // hold the message: an instance's own words may quote the prompt.
    [[nodiscard]] unsigned failure_status() const { return failure_status_; }

    // A head with CORS, request id and content type. Replies must not be kept by caches or guessed at by browsers.
    [[nodiscard]] net::ResponseHead head(unsigned status, std::string_view content_type) const;

    // Headers of the relay's reply that are for the client, e.g. quotas: added to whatever is sent.
    void pass_on(const net::Headers& upstream);

    // The Allow header of a 405.
    void pass_on_allow(std::string_view methods) { passed_on_.set("Allow", std::string(methods)); }

    [[nodiscard]] net::Task<void> send(net::ResponseHead head, std::string body);
    [[nodiscard]] net::Task<void> json(unsigned status, std::string body);
    [[nodiscard]] net::Task<void> fail(const api::Failure& failure);

private:
    friend class StreamAnswer;
    net::Exchange& exchange_;
    AnswerSettings settings_;
    net::Headers passed_on_;
    unsigned status_ = 0;
    unsigned failure_status_ = 0;
};

// A streamed answer. The status line waits for the first bytes (or the first keep-alive), so that an early failure still has
// its own status.
class StreamAnswer {
public:
    StreamAnswer(Answer& answer, api::ReplyStream& reply) : answer_(answer), reply_(reply) {}

    // When the next keep-alive is due.
    [[nodiscard]] net::Timepoint keepalive_due() const;

    // All false once the client is gone: stop working.
    [[nodiscard]] net::Task<bool> write(std::string bytes);
    [[nodiscard]] net::Task<bool> keep_alive();

    [[nodiscard]] net::Task<void> end();
    // Before the first byte an HTTP error, later an error event; never a normal end.
    [[nodiscard]] net::Task<void> fail(const api::Failure& failure);

private:
    [[nodiscard]] net::Task<bool> begin();

    Answer& answer_;
    api::ReplyStream& reply_;
    bool begun_ = false;
    net::Timepoint last_write_ = net::Clock::now();
};

}  // namespace proxy
