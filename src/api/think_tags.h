// Reasoning that a model writes into its content: "<think>…</think>" at the very start (formats page §1.3). Anywhere else the
// tags are text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace api {

class ThinkTags {
public:
    // The reasoning comes before the text.
    struct Parts {
        std::string reasoning;
        std::string text;
    };

    // Takes content, split anywhere; holds what may be part of a tag.
    [[nodiscard]] Parts feed(std::string_view content);

    // Reasoning came in a field of its own: the start is over, and a tag that did not begin by now is text.
    [[nodiscard]] Parts start_is_over();
    // The same, and what is held of a closing tag comes out before the call.
    [[nodiscard]] Parts tool_comes();

    // The content ended: what was held. Reasoning that was never closed is all reasoning.
    [[nodiscard]] Parts finish();

private:
    void read_start(Parts& parts);
    void read_reasoning(Parts& parts);

    enum class State : std::uint8_t { start, reasoning, text };
    State state_ = State::start;
    std::string held_;
};

}  // namespace api
