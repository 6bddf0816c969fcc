#include "api/context_overflow.h"

#include <array>
#include <charconv>

namespace api {

namespace {

// #M context, #P prompt, #C completion, #_ any number. The longer of two wordings that begin alike stands first.
constexpr std::array wordings = {
    // vLLM, oldest to newest
    "maximum context length is #M tokens. However, you requested #_ tokens (#P in the messages, #C in the completion)",
    "maximum context length is #M tokens. However, you requested #C output tokens and your prompt contains at least #P input",
    "maximum context length is #M tokens. However, you requested #C output tokens and your prompt contains #P input",
    "maximum context length is #M tokens. However, your request has #P input tokens plus #C ",
    "maximum context length is #M tokens. However, your request has #P input tokens",
    "maximum context length is #M tokens. However, your messages resulted in #P tokens",
    "is too large: #C. This model's maximum context length is #M tokens and your request has #P input tokens",
    "You passed #P input tokens and requested #C output tokens. However, the model's context length is only #M",
    "prompt (length #P) is longer than the maximum model length of #M",
    // SGLang
    "maximum context length of #M tokens. You requested a total of #_ tokens: #P tokens from the input messages and #C tokens "
    "for",
    "input (#P tokens) is longer than the model's context length (#M tokens)",
    "Input length (#P tokens) exceeds the maximum allowed length (#M tokens)",
    // either, without figures of the request
    "maximum context length is #M tokens",
    "maximum context length of #M tokens",
};

// A number at the front of `text`, with a ".0" some servers print. Cuts it off.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(".0")) text.remove_prefix(2);
    return number;
}

// Whether `text` begins with the rest of a wording.
bool matches(std::string_view text, std::string_view wording, ContextOverflow& found) {
    while (!wording.empty()) {
        if (wording.front() != '#') {
            if (text.empty() || text.front() != wording.front()) return false;
            text.remove_prefix(1);
            wording.remove_prefix(1);
            continue;
        }
        const auto number = take_number(text);
        if (!number) return false;
        if (wording[1] == 'M') found.context_max = *number;
        if (wording[1] == 'P') found.prompt = number;
        if (wording[1] == 'C') found.completion = number;
        wording.remove_prefix(2);
    }
    return true;
}

}  // namespace

std::optional<ContextOverflow> find_context_overflow(std::string_view message) {
    for (const std::string_view wording : wordings) {
        const std::string_view head = wording.substr(0, wording.find('#'));
        for (std::size_t at = message.find(head); at != std::string_view::npos; at = message.find(head, at + 1)) {
            ContextOverflow found;
            if (matches(message.substr(at), wording, found)) return found;
        }
    }
    return std::nullopt;
}

std::optional<std::string> claude_words(const ContextOverflow& overflow) {
    if (!overflow.prompt) return std::nullopt;
    const std::string prompt = std::to_string(*overflow.prompt);
    const std::string context_max = std::to_string(overflow.context_max);
    if (*overflow.prompt >= overflow.context_max || !overflow.completion)
        return "prompt is too long: " + prompt + " tokens > " + context_max + " maximum";
    return "input length and `max_tokens` exceed context limit: " + prompt + " + " + std::to_string(*overflow.completion) +
           " > " + context_max + ", decrease input length or `max_tokens` and try again";
}

}  // namespace api
