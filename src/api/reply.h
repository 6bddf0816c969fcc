// From the instance's chat completion to the client's dialect (formats page §1.3, §1.5, and issue 3 point 5 for chat). One
// interface for the three dialects: forward does not know which one it serves. Pure: time and randomness come in.
//
//   auto reply = ReplyStream::start(context, stamp);
//   Output out = reply->feed(decrypted);        // as bytes come; again and again
//   Output out = reply->finish();               // upstream's stream ended as it should, opener included
//   send(reply->fail(failure));                 // anything went wrong after the first byte was sent
//
// Output rule: send `bytes` first. If `failure` is set the stream is over: when nothing was sent to the client so far and
// `bytes` is empty, answer with an HTTP error (error_reply.h); otherwise send fail(*failure) and close.
#pragma once

#include "api/failure.h"
#include "api/reply_context.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace api {

// What makes one reply's ids unique and dates it.
struct ReplyStamp {
    std::string random;           // at least 16 characters of [A-Za-z0-9], fresh for each request
    std::int64_t created_at = 0;  // seconds since 1970
};

struct Output {
    std::string bytes;  // of the client's event stream
    std::optional<Failure> failure;
};

class ReplyStream {
public:
    // `context` is copied.
    [[nodiscard]] static std::unique_ptr<ReplyStream> start(const ReplyContext& context, ReplyStamp stamp);

    ReplyStream() = default;
    ReplyStream(const ReplyStream&) = delete;
    ReplyStream& operator=(const ReplyStream&) = delete;
    virtual ~ReplyStream() = default;

    // Takes decrypted bytes, split anywhere.
    [[nodiscard]] virtual Output feed(std::string_view decrypted) = 0;

    // The inner [DONE] came. Upstream must end now; call finish() when it does, or after limits::stream_end_wait.
    [[nodiscard]] virtual bool at_end() const = 0;

    // The upstream stream ended without an error: the closing events, or a failure if it was not complete. They are held until
    // here because anything after the inner [DONE] is an error (protocol page §2).
    [[nodiscard]] virtual Output finish() = 0;

    // The error event(s) in this dialect's shape. Nothing may be sent after them.
    [[nodiscard]] virtual std::string fail(const Failure& failure) = 0;

    // What to send after limits::keepalive_interval of silence, also before the first event.
    [[nodiscard]] virtual std::string keepalive() const = 0;
};

// A reply that is not a stream. Chat: the bytes as they are. The failure may be the instance's own, with its status; a reply
// that is not JSON is 502.
[[nodiscard]] Outcome<std::string> whole_reply(const ReplyContext& context, ReplyStamp stamp, std::string_view decrypted);

}  // namespace api
