// A prompt that does not fit, found in the words of vLLM and SGLang (formats page §1.6): agents recover by themselves when they
// are told in the words they know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace api {

struct ContextOverflow {
    std::uint64_t context_max = 0;            // tokens the model can hold
    std::optional<std::uint64_t> prompt;      // tokens of the prompt
    std::optional<std::uint64_t> completion;  // tokens asked for
};

[[nodiscard]] std::optional<ContextOverflow> find_context_overflow(std::string_view message);

// As the Claude API says it; nullopt if the prompt's size is unknown.
[[nodiscard]] std::optional<std::string> claude_words(const ContextOverflow& overflow);

}  // namespace api
