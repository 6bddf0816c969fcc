#include "api/tool_arguments.h"

#include "json/json.h"

#include <utility>

namespace api {

void ToolArguments::add(std::string_view piece) {
    if (shape_ == Shape::nothing_yet) {
        const std::size_t first = piece.find_first_not_of(" \t\r\n");
        if (first == std::string_view::npos) return;
        piece.remove_prefix(first);
        shape_ = piece.front() == '{' ? Shape::object : Shape::other;
    }
    for (const char c : piece) {
        if (complete_ && shape_ == Shape::object) return;
        held_ += c;
        scan(c);
    }
}

std::string ToolArguments::take() {
    return shape_ == Shape::object ? std::exchange(held_, {}) : std::string();
}

ToolArguments::Rest ToolArguments::finish() {
    if (shape_ != Shape::other) return {};
    if (const auto text = json::parse(held_)) {
        const auto inner = text->root().as_string();
        if (inner) {
            const auto object = json::parse(*inner);
            if (object && object->root().is(json::Kind::object)) return {object->root().dump(), {}};
        }
    }
    return {{}, std::move(held_)};
}

// Only strings and brackets matter: whether the text between them is JSON is for the reader of the whole to say.
void ToolArguments::scan(char c) {
    if (escaped_) {
        escaped_ = false;
    } else if (in_string_) {
        if (c == '\\') escaped_ = true;
        if (c == '"') in_string_ = false;
        if (c == '"' && depth_ == 0) complete_ = true;
    } else if (c == '"') {
        in_string_ = true;
    } else if (c == '{' || c == '[') {
        ++depth_;
    } else if ((c == '}' || c == ']') && depth_ > 0 && --depth_ == 0) {
        complete_ = true;
    }
}

}  // namespace api
