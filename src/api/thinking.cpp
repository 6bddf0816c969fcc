#include "api/thinking.h"

#include <array>

namespace api {
namespace {

// What a model does when nobody said anything. With chat_template_kwargs that do not speak of thinking it goes for every name
// that starts with `name`; without any, for `name` itself and `name`-TEE only.
struct ModelDefault {
    std::string_view name;
    bool thinking;
    bool bare_name_without_kwargs;  // false: without any, for `name`-TEE only
};

constexpr std::string_view tee_suffix = "-TEE";

constexpr std::array<ModelDefault, 4> model_defaults = {{
    {"deepseek-ai/DeepSeek-V3.2-Speciale", true, true},
    {"zai-org/GLM-4.7", true, true},
    {"moonshotai/Kimi-K2.5", true, true},
    {"XiaomiMiMo/MiMo-V2-Flash", false, false},
}};

constexpr std::array<std::string_view, 2> spellings = {"thinking", "enable_thinking"};

std::optional<bool> default_with_kwargs(std::string_view model) {
    for (const ModelDefault& entry : model_defaults) {
        if (model.starts_with(entry.name)) return entry.thinking;
    }
    return std::nullopt;
}

std::optional<bool> default_without_kwargs(std::string_view model) {
    for (const ModelDefault& entry : model_defaults) {
        if (!model.starts_with(entry.name)) continue;
        const std::string_view rest = model.substr(entry.name.size());
        if (rest == tee_suffix || (rest.empty() && entry.bare_name_without_kwargs)) return entry.thinking;
    }
    return std::nullopt;
}

bool is_spelling(std::string_view name) {
    return name == spellings[0] || name == spellings[1];
}

// The other members of `kwargs`, then both spellings with `raw_value`.
std::string with_both(json::Value kwargs, std::string_view raw_value) {
    json::Writer writer;
    writer.begin_object();
    for (const auto [name, value] : kwargs.members()) {
        if (!is_spelling(name)) writer.member_value(name, value);
    }
    for (const std::string_view spelling : spellings) writer.member_raw(spelling, raw_value);
    writer.end_object();
    return writer.take();
}

std::string_view word(bool thinking) {
    return thinking ? "true" : "false";
}

}  // namespace

std::optional<std::string> thinking_kwargs(const ThinkingWishes& wishes) {
    if (wishes.forced) return with_both(wishes.kwargs, word(true));
    const json::Value first = wishes.kwargs[spellings[0]];
    const json::Value second = wishes.kwargs[spellings[1]];
    if (!first.is_null_or_absent() && !second.is_null_or_absent()) return std::nullopt;
    if (!first.is_null_or_absent()) return with_both(wishes.kwargs, first.dump());
    if (!second.is_null_or_absent()) return with_both(wishes.kwargs, second.dump());
    if (wishes.dialect) return with_both(wishes.kwargs, word(*wishes.dialect));
    const auto thinking = wishes.kwargs.is_null_or_absent() ? default_without_kwargs(wishes.exact_model)
                                                            : default_with_kwargs(wishes.exact_model);
    if (!thinking) return std::nullopt;
    return with_both(wishes.kwargs, word(*thinking));
}

std::optional<std::string_view> reasoning_effort(std::string_view asked) {
    struct Clamp {
        std::string_view asked;
        std::string_view sent;
    };
    constexpr std::array<Clamp, 6> clamps = {{
        {"minimal", "low"},
        {"low", "low"},
        {"medium", "medium"},
        {"high", "high"},
        {"xhigh", "high"},
        {"max", "high"},
    }};
    for (const Clamp& clamp : clamps) {
        if (clamp.asked == asked) return clamp.sent;
    }
    return std::nullopt;
}

}  // namespace api
