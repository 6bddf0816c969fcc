#include "e2ee/nonce_set.h"

#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace {

using crypto::AeadNonce;
using e2ee::NonceSet;

AeadNonce numbered(std::uint32_t number) {
    AeadNonce nonce{};
    for (std::size_t i = 0; i < 4; ++i) nonce[11 - i] = static_cast<std::uint8_t>(number >> 8 * i);
    return nonce;
}

TEST(nonce_set, finds_each_nonce_again_however_many_came_between) {
    NonceSet set;
    std::vector<AeadNonce> all;
    for (int i = 0; i < 3000; ++i) {
        all.push_back(crypto::random_nonce());
        ASSERT_TRUE(set.insert(all.back()));
    }
    for (const AeadNonce& nonce : all) ASSERT_FALSE(set.insert(nonce));
    EXPECT_EQ(set.size(), all.size());
}

TEST(nonce_set, finds_the_last_nonce_again_at_every_size) {
    NonceSet set;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        ASSERT_TRUE(set.insert(numbered(i)));
        ASSERT_FALSE(set.insert(numbered(i)));
        ASSERT_FALSE(set.insert(numbered(0)));
    }
}

TEST(nonce_set, one_bit_anywhere_makes_another_nonce) {
    NonceSet set;
    ASSERT_TRUE(set.insert({}));
    for (std::size_t bit = 0; bit < 96; ++bit) {
        AeadNonce nonce{};
        nonce[bit / 8] = static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_TRUE(set.insert(nonce)) << bit;
    }
}

// Whoever chooses the nonces must not be able to make it slow: a search of all would be 10^11 steps here.
TEST(nonce_set, takes_half_a_million_in_falling_order) {
    NonceSet set;
    const auto began = std::chrono::steady_clock::now();
    for (std::uint32_t i = 500'000; i > 0; --i) ASSERT_TRUE(set.insert(numbered(i)));
    EXPECT_EQ(set.size(), 500'000U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));
}

}  // namespace
