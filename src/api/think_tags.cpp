#include "api/think_tags.h"

#include <algorithm>
#include <utility>

namespace api {

namespace {

constexpr std::string_view opening = "<think>";
constexpr std::string_view closing = "</think>";

// Length of the longest end of `text` that begins `tag` without completing it.
std::size_t tag_begun(std::string_view text, std::string_view tag) {
    std::size_t length = std::min(text.size(), tag.size() - 1);
    while (length > 0 && !text.ends_with(tag.substr(0, length))) --length;
    return length;
}

}  // namespace

ThinkTags::Parts ThinkTags::feed(std::string_view content) {
    Parts parts;
    held_ += content;
    if (state_ == State::start) read_start(parts);
    if (state_ == State::reasoning) read_reasoning(parts);
    if (state_ == State::text) parts.text = std::exchange(held_, {});
    return parts;
}

// White space before a tag is passed on as text at once (whoever gets it drops it before reasoning), so that never more than a
// begun tag is held, and none of it is looked at twice.
void ThinkTags::read_start(Parts& parts) {
    const std::size_t first = std::min(held_.find_first_not_of(" \t\r\n"), held_.size());
    const std::string_view begun = std::string_view(held_).substr(first);
    if (begun.starts_with(opening)) {
        held_.erase(0, first + opening.size());
        state_ = State::reasoning;
    } else if (opening.starts_with(begun)) {
        parts.text = held_.substr(0, first);
        held_.erase(0, first);
    } else {
        state_ = State::text;
    }
}

void ThinkTags::read_reasoning(Parts& parts) {
    const std::size_t end = held_.find(closing);
    if (end != std::string::npos) {
        parts.reasoning = held_.substr(0, end);
        held_.erase(0, end + closing.size());
        state_ = State::text;
        return;
    }
    const std::size_t sure = held_.size() - tag_begun(held_, closing);
    parts.reasoning = held_.substr(0, sure);
    held_.erase(0, sure);
}

ThinkTags::Parts ThinkTags::start_is_over() {
    return state_ == State::start ? tool_comes() : Parts();
}

ThinkTags::Parts ThinkTags::tool_comes() {
    if (state_ == State::start) state_ = State::text;
    return finish();
}

ThinkTags::Parts ThinkTags::finish() {
    Parts parts;
    (state_ == State::reasoning ? parts.reasoning : parts.text) = std::exchange(held_, {});
    return parts;
}

}  // namespace api
