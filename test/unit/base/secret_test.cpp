#include "base/secret.h"

#include <gtest/gtest.h>

#include <array>
#include <new>
#include <type_traits>

namespace {

using base::Secret;
using base::SecretText;

static_assert(!std::is_copy_constructible_v<Secret<32>>);
static_assert(!std::is_copy_assignable_v<Secret<32>>);
static_assert(!std::is_copy_constructible_v<SecretText>);
static_assert(std::is_nothrow_move_constructible_v<Secret<32>>);

TEST(secret, is_wiped_where_it_was_when_it_moves) {
    std::array<std::uint8_t, 4> bytes = {1, 2, 3, 4};
    Secret<4> from{std::span<const std::uint8_t, 4>(bytes)};
    const Secret<4> to = std::move(from);
    EXPECT_EQ(to.reveal()[3], 4);
    for (const std::uint8_t byte : from.reveal()) EXPECT_EQ(byte, 0);  // NOLINT(bugprone-use-after-move): that is the point
}

TEST(secret, is_wiped_when_it_is_destroyed) {
    alignas(Secret<4>) std::array<std::uint8_t, sizeof(Secret<4>)> place{};
    auto* secret = new (place.data()) Secret<4>();
    secret->fill()[0] = 9;
    ASSERT_EQ(place[0], 9);
    secret->~Secret();
    EXPECT_EQ(place[0], 0);
}

TEST(secret, text_moves_and_leaves_nothing_behind) {
    SecretText from("cpk_secret");
    const SecretText to = std::move(from);
    EXPECT_EQ(to.reveal(), "cpk_secret");
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): that is the point
}

}  // namespace
