#include "discovery/seen_nonces.h"

#include "discovery/support.h"

#include <gtest/gtest.h>

#include <string>

namespace discovery {
namespace {

using namespace std::chrono_literals;
using test::start;

base::InvocationNonce nonce(std::size_t number) {
    return base::InvocationNonce(std::to_string(number));
}

TEST(seen_nonces, a_nonce_is_new_once) {
    SeenNonces seen;
    EXPECT_TRUE(seen.insert(nonce(1), start));
    EXPECT_FALSE(seen.insert(nonce(1), start));
    EXPECT_FALSE(seen.insert(nonce(1), start + 1000h));
    EXPECT_TRUE(seen.insert(nonce(2), start));
}

TEST(seen_nonces, many_in_ten_minutes_are_all_remembered) {
    SeenNonces seen;
    const std::size_t many = SeenNonces::generation_size_min * 3;
    for (std::size_t i = 0; i < many; ++i) ASSERT_TRUE(seen.insert(nonce(i), start));
    for (std::size_t i = 0; i < many; ++i) ASSERT_FALSE(seen.insert(nonce(i), start + 10min - 1ms));
}

TEST(seen_nonces, the_oldest_are_forgotten_when_two_generations_are_full) {
    SeenNonces seen;
    for (std::size_t i = 0; i < SeenNonces::generation_size_min; ++i) ASSERT_TRUE(seen.insert(nonce(i), start));
    for (std::size_t i = 0; i < SeenNonces::generation_size_min; ++i)
        ASSERT_TRUE(seen.insert(nonce(i + 1'000'000), start + 10min));
    EXPECT_FALSE(seen.insert(nonce(0), start + 10min));
    EXPECT_TRUE(seen.insert(nonce(2'000'000), start + 20min));
    EXPECT_TRUE(seen.insert(nonce(0), start + 20min));
    EXPECT_FALSE(seen.insert(nonce(1'000'000), start + 20min));
}

}  // namespace
}  // namespace discovery
