#include "api/thinking.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

using api::ThinkingWishes;

constexpr const char* both_on = R"({"thinking":true,"enable_thinking":true})";
constexpr const char* both_off = R"({"thinking":false,"enable_thinking":false})";

struct Case {
    std::string kwargs = {};  // JSON; empty: absent
    bool forced = false;
    std::optional<bool> dialect = {};
    std::string model = "org/plain";
};

std::optional<std::string> kwargs_for(const Case& c) {
    const auto document = json::parse(c.kwargs.empty() ? "null" : c.kwargs);
    return api::thinking_kwargs({.forced = c.forced, .kwargs = document->root(), .dialect = c.dialect, .exact_model = c.model});
}

TEST(thinking, nothing_said_and_no_default_leaves_the_request_alone) {
    EXPECT_EQ(kwargs_for({}), std::nullopt);
    EXPECT_EQ(kwargs_for({.kwargs = "{}"}), std::nullopt);
    EXPECT_EQ(kwargs_for({.kwargs = R"({"a":1})"}), std::nullopt);
}

TEST(thinking, forcing_turns_both_spellings_on_and_keeps_other_members) {
    EXPECT_EQ(kwargs_for({.forced = true}), both_on);
    EXPECT_EQ(kwargs_for({.kwargs = R"({"thinking":false,"a":1e400,"b":[]})", .forced = true}),
              R"({"a":1e400,"b":[],"thinking":true,"enable_thinking":true})");
}

TEST(thinking, one_spelling_gives_the_other_the_same_value) {
    EXPECT_EQ(kwargs_for({.kwargs = R"({"thinking":true})"}), both_on);
    EXPECT_EQ(kwargs_for({.kwargs = R"({"enable_thinking":false})"}), both_off);
    EXPECT_EQ(kwargs_for({.kwargs = R"({"thinking":null,"enable_thinking":false})"}), both_off);
}

TEST(thinking, two_spellings_stand_as_they_are_even_if_they_disagree) {
    EXPECT_EQ(kwargs_for({.kwargs = R"({"thinking":true,"enable_thinking":false})"}), std::nullopt);
}

TEST(thinking, forced_beats_kwargs_beat_the_dialect_beats_the_model) {
    const std::string thinker = "zai-org/GLM-4.7";
    EXPECT_EQ(kwargs_for({.kwargs = R"({"thinking":false})", .forced = true, .dialect = false}), both_on);
    EXPECT_EQ(kwargs_for({.kwargs = R"({"thinking":false})", .dialect = true, .model = thinker}), both_off);
    EXPECT_EQ(kwargs_for({.dialect = false, .model = thinker}), both_off);
    EXPECT_EQ(kwargs_for({.kwargs = R"({"a":1})", .dialect = false, .model = thinker}),
              R"({"a":1,"thinking":false,"enable_thinking":false})");
    EXPECT_EQ(kwargs_for({.model = thinker}), both_on);
}

TEST(thinking, without_kwargs_a_default_needs_the_exact_name_or_the_name_with_tee) {
    for (const std::string& name :
         std::initializer_list<std::string>{"deepseek-ai/DeepSeek-V3.2-Speciale", "zai-org/GLM-4.7", "moonshotai/Kimi-K2.5"}) {
        EXPECT_EQ(kwargs_for({.model = name}), both_on) << name;
        EXPECT_EQ(kwargs_for({.model = name + "-TEE"}), both_on) << name;
        EXPECT_EQ(kwargs_for({.model = name + "-FP8"}), std::nullopt) << name;
        EXPECT_EQ(kwargs_for({.model = name + "-TEE-2"}), std::nullopt) << name;
    }
    EXPECT_EQ(kwargs_for({.model = "XiaomiMiMo/MiMo-V2-Flash-TEE"}), both_off);
    EXPECT_EQ(kwargs_for({.model = "XiaomiMiMo/MiMo-V2-Flash"}), std::nullopt);
}

TEST(thinking, with_kwargs_a_default_needs_only_the_start_of_the_name) {
    const std::string on = R"({"a":1,"thinking":true,"enable_thinking":true})";
    const std::string off = R"({"a":1,"thinking":false,"enable_thinking":false})";
    for (const std::string& name :
         std::initializer_list<std::string>{"deepseek-ai/DeepSeek-V3.2-Speciale", "zai-org/GLM-4.7", "moonshotai/Kimi-K2.5"}) {
        for (const char* tail : {"", "-TEE", "-FP8"}) EXPECT_EQ(kwargs_for({.kwargs = R"({"a":1})", .model = name + tail}), on);
    }
    for (const char* tail : {"", "-TEE", "-Base"}) {
        EXPECT_EQ(kwargs_for({.kwargs = R"({"a":1})", .model = std::string("XiaomiMiMo/MiMo-V2-Flash") + tail}), off);
    }
    EXPECT_EQ(kwargs_for({.kwargs = R"({"a":1})", .model = "x/zai-org/GLM-4.7"}), std::nullopt);
}

TEST(effort, six_words_become_three_and_any_other_is_none) {
    EXPECT_EQ(api::reasoning_effort("minimal"), "low");
    EXPECT_EQ(api::reasoning_effort("low"), "low");
    EXPECT_EQ(api::reasoning_effort("medium"), "medium");
    EXPECT_EQ(api::reasoning_effort("high"), "high");
    EXPECT_EQ(api::reasoning_effort("xhigh"), "high");
    EXPECT_EQ(api::reasoning_effort("max"), "high");
    EXPECT_EQ(api::reasoning_effort("none"), std::nullopt);
    EXPECT_EQ(api::reasoning_effort("High"), std::nullopt);
}

}  // namespace
