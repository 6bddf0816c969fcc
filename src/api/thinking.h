// Thinking switches (formats page §1.8, order of precedence §1.0), the same for the three dialects, and the efforts.
#pragma once

#include "json/json.h"

#include <optional>
#include <string>
#include <string_view>

namespace api {

inline constexpr std::string_view thinking_suffix = ":THINKING";

struct ThinkingWishes {
    bool forced = false;           // by the suffix of the model name or by X-Enable-Thinking
    json::Value kwargs;            // the client's chat_template_kwargs: an object, or null or absent
    std::optional<bool> dialect;   // Claude `thinking`, Responses `reasoning.effort`
    std::string_view exact_model;  // whose default stands when nobody said anything
};

// The chat_template_kwargs for the instance, as JSON. nullopt: what the client sent (or did not) stays as it is.
[[nodiscard]] std::optional<std::string> thinking_kwargs(const ThinkingWishes& wishes);

// What the instances know of the efforts that clients ask for (older vLLM takes three): "low", "medium" or "high"; nullopt for
// a word that is no effort.
[[nodiscard]] std::optional<std::string_view> reasoning_effort(std::string_view asked);

}  // namespace api
