#include "api/chat_stream.h"

#include "api/error_reply.h"
#include "base/limits.h"
#include "sse/reader.h"

#include <algorithm>
#include <utility>

namespace api {

namespace {

// The chunk instances always send before [DONE]: no choices, only usage. A client that did not ask never sees it.
bool only_carries_usage(json::Value chunk) {
    if (!chunk["usage"].is(json::Kind::object)) return false;
    const json::Value choices = chunk["choices"];
    return choices.present() ? choices.is(json::Kind::array) && choices.size() == 0 : chunk.size() == 1;
}

}  // namespace

Output ChatStream::feed(std::string_view decrypted) {
    Output out;
    out.failure = events_.feed(decrypted, pass_to(out.bytes));
    return out;
}

Output ChatStream::finish() {
    Output out;
    out.failure = events_.finish(pass_to(out.bytes));
    if (out.failure) return out;
    const bool all_finished = std::ranges::all_of(finished_, [](const auto& choice) { return choice.second; });
    if (events_.done() && all_finished) {
        append_own_event(out.bytes, "[DONE]");
    } else {
        out.failure = incomplete_stream();
    }
    return out;
}

std::string ChatStream::fail(const Failure& failure) {
    std::string out;
    append_own_event(out, error_body(Dialect::chat, failure, ""));
    return out;
}

std::string ChatStream::keepalive() const {
    std::string out;
    sse::append_comment(out, "keep-alive");
    return out;
}

ChatEvents::Handler ChatStream::pass_to(std::string& out) {
    return [this, &out](const sse::Event& event, json::Value data) -> std::optional<Failure> {
        if (auto failure = note_choices(data["choices"])) return failure;
        if (include_usage_ || !only_carries_usage(data)) {
            out += event.raw;
            after_cr_ = event.raw.ends_with('\r');
        }
        return std::nullopt;
    };
}

// An event that ended with the CR of a CRLF gets its LF: the reader gives it out with the next event, and there is none.
void ChatStream::append_own_event(std::string& out, std::string_view data) {
    if (std::exchange(after_cr_, false)) out += '\n';
    sse::append_event(out, "", data);
}

std::optional<Failure> ChatStream::note_choices(json::Value choices) {
    for (const json::Value choice : choices.elements()) {
        if (!choice.is(json::Kind::object)) continue;
        bool& finished = finished_[choice["index"].as_integer().value_or(0)];
        finished = finished || !choice["finish_reason"].is_null_or_absent();
    }
    if (finished_.size() > base::limits::stream_choices_max) return Failure{502, "the instance sent too many choices", {}, {}};
    return std::nullopt;
}

}  // namespace api
