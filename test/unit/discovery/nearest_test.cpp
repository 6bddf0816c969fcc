#include "discovery/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace discovery {
namespace {

// The textbook's whole table.
std::size_t plain_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = std::exchange(row[j], cost);
        }
    }
    return row[b.size()];
}

TEST(edit_distance, agrees_with_the_textbook_up_to_its_limit) {
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
        std::string a(random() % 9, ' ');
        std::string b(random() % 9, ' ');
        for (char& c : a) c = static_cast<char>('a' + random() % 3);
        for (char& c : b) c = static_cast<char>('a' + random() % 3);
        const std::size_t limit = random() % 6;
        const std::size_t expected = plain_distance(a, b);
        EXPECT_EQ(edit_distance(a, b, limit), expected <= limit ? std::optional(expected) : std::nullopt)
            << a << " " << b << " " << limit;
    }
}

std::vector<std::string> nearest_to(std::string_view wanted, const std::vector<std::string>& names) {
    Nearest nearest(wanted);
    for (const std::string& name : names) nearest.offer(name);
    return std::move(nearest).best(3);
}

TEST(nearest, case_comes_first_then_the_owner_then_the_distance) {
    EXPECT_EQ(nearest_to("qwen/qwen3-32b", {"Qwen/Qwen3-30B", "other/Qwen3-32B", "Qwen/Qwen3-32B", "zai-org/GLM-4.6"}),
              (std::vector<std::string>{"Qwen/Qwen3-32B", "other/Qwen3-32B", "Qwen/Qwen3-30B"}));
}

TEST(nearest, a_name_without_its_owner_finds_the_model) {
    EXPECT_EQ(nearest_to("DeepSeek-V3.1", {"deepseek-ai/DeepSeek-V3.1-TEE", "x/y"}),
              (std::vector<std::string>{"deepseek-ai/DeepSeek-V3.1-TEE"}));
}

TEST(nearest, answers_three_names_at_most_each_once_and_none_that_is_far) {
    EXPECT_EQ(nearest_to("model-0", {"model-1", "model-2", "model-2", "model-3", "model-4"}),
              (std::vector<std::string>{"model-1", "model-2", "model-3"}));
    EXPECT_TRUE(nearest_to("abc", {"xyzxyz", "completely/different"}).empty());
}

}  // namespace
}  // namespace discovery
