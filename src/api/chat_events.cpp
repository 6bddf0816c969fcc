#include "api/chat_events.h"

#include "api/error_reply.h"

namespace api {

namespace {

constexpr std::string_view white_space = " \t\r\n";

bool is_blank(std::string_view text) {
    return text.find_first_not_of(white_space) == std::string_view::npos;
}

bool is_done(std::string_view data) {
    constexpr std::string_view mark = "[DONE]";
    const std::size_t at = data.find(mark);
    return at != std::string_view::npos && is_blank(data.substr(0, at)) && is_blank(data.substr(at + mark.size()));
}

Failure after_done() {
    return {502, "the instance's stream went on after its end", {}, {}};
}

}  // namespace

std::optional<Failure> ChatEvents::feed(std::string_view decrypted, const Handler& handler) {
    if (done_) return is_blank(decrypted) ? std::nullopt : std::optional(after_done());
    if (const auto taken = reader_.feed(decrypted); !taken) return failure_of(taken.error());
    return read(handler);
}

std::optional<Failure> ChatEvents::finish(const Handler& handler) {
    if (done_) return std::nullopt;
    reader_.finish();
    ended_ = true;
    return read(handler);
}

std::optional<Failure> ChatEvents::read(const Handler& handler) {
    while (const auto event = reader_.next()) {
        if (event->data.empty()) continue;
        if (is_done(event->data)) {
            done_ = true;
            return is_blank(reader_.rest()) ? std::nullopt : std::optional(after_done());
        }
        const auto parsed = json::parse(event->data);
        if (!parsed && ended_) return incomplete_stream();  // cut within its last event
        const json::Value data = parsed ? parsed->root() : json::Value();
        if (auto failure = error_in(data)) return failure;
        if (auto failure = handler(*event, data)) return failure;
    }
    return std::nullopt;
}

}  // namespace api
