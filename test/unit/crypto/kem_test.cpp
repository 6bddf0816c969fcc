#include "crypto/kem.h"

#include "crypto/kdf.h"
#include "support/instance_side.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

using base::ErrorKind;
using crypto::DecapsulationKey;
using crypto::EncapsulationKey;
using support::must;

static_assert(!std::is_copy_constructible_v<DecapsulationKey>);

bool same(const crypto::SharedSecret& a, const crypto::SharedSecret& b) {
    return std::ranges::equal(a.reveal(), b.reveal());
}

TEST(kem, both_sides_share_one_secret) {
    const DecapsulationKey key = must(DecapsulationKey::generate());
    const auto made = must(must(EncapsulationKey::parse(key.public_key())).encapsulate());
    EXPECT_TRUE(same(made.shared_secret, must(key.decapsulate(made.ciphertext))));
}

TEST(kem, every_encapsulation_is_fresh) {
    const EncapsulationKey key = support::Instance().public_key();
    const auto one = must(key.encapsulate());
    const auto two = must(key.encapsulate());
    EXPECT_NE(one.ciphertext, two.ciphertext);
    EXPECT_FALSE(same(one.shared_secret, two.shared_secret));
}

TEST(kem, every_key_pair_is_fresh) {
    EXPECT_NE(must(DecapsulationKey::generate()).public_key(), must(DecapsulationKey::generate()).public_key());
}

TEST(kem, one_seed_makes_one_key_pair) {
    base::Secret<crypto::kem_seed_size> seed;
    crypto::random_bytes(seed.fill());
    const DecapsulationKey one = must(DecapsulationKey::from_seed(seed));
    const DecapsulationKey two = must(DecapsulationKey::from_seed(seed));
    EXPECT_EQ(one.public_key(), two.public_key());
    const auto made = must(must(EncapsulationKey::parse(one.public_key())).encapsulate());
    EXPECT_TRUE(same(made.shared_secret, must(two.decapsulate(made.ciphertext))));
}

// FIPS 203 §6.3: implicit rejection is deterministic, so that repeating a forgery teaches nothing.
TEST(kem, a_ciphertext_that_lost_one_bit_yields_another_secret_always_the_same) {
    const DecapsulationKey key = must(DecapsulationKey::generate());
    auto made = must(must(EncapsulationKey::parse(key.public_key())).encapsulate());
    made.ciphertext[500] ^= 1;
    const auto first = must(key.decapsulate(made.ciphertext));
    EXPECT_FALSE(same(made.shared_secret, first));
    EXPECT_TRUE(same(first, must(key.decapsulate(made.ciphertext))));
}

TEST(kem, a_ciphertext_for_another_key_yields_another_secret) {
    const DecapsulationKey stranger = must(DecapsulationKey::generate());
    const auto made = must(support::Instance().public_key().encapsulate());
    EXPECT_FALSE(same(made.shared_secret, must(stranger.decapsulate(made.ciphertext))));
}

class KemCiphertextSize : public testing::TestWithParam<std::size_t> {};
TEST_P(KemCiphertextSize, that_is_wrong_is_rejected) {
    const base::Bytes ciphertext(GetParam());
    const auto secret = must(DecapsulationKey::generate()).decapsulate(ciphertext);
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().kind, ErrorKind::reply_rejected);
}
INSTANTIATE_TEST_SUITE_P(kem, KemCiphertextSize, testing::Values(0, 1, 768, 1087, 1089, 1568));

class KemPublicKeySize : public testing::TestWithParam<std::size_t> {};
TEST_P(KemPublicKeySize, that_is_wrong_is_refused) {
    const auto key = EncapsulationKey::parse(base::Bytes(GetParam()));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, ErrorKind::upstream_broken);
}
INSTANTIATE_TEST_SUITE_P(kem, KemPublicKeySize, testing::Values(0, 1, 800, 1183, 1185, 1568, 2400));

// FIPS 203 §7.2, modulus check: a 12-bit coefficient of q = 3329 or more. Bytes 0 and 1 hold the first one.
TEST(kem, a_public_key_with_a_coefficient_not_below_the_modulus_is_refused) {
    auto bytes = must(DecapsulationKey::generate()).public_key();
    bytes[0] = 0x01;
    bytes[1] = static_cast<std::uint8_t>((bytes[1] & 0xF0) | 0x0D);  // 0xD01 = 3329
    const auto key = EncapsulationKey::parse(bytes);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().kind, ErrorKind::upstream_broken);
    bytes[0] = 0x00;  // 3328
    EXPECT_TRUE(EncapsulationKey::parse(bytes));
}

TEST(kem, a_refused_key_leaves_no_openssl_error_for_the_next_tls_call) {
    ASSERT_FALSE(EncapsulationKey::parse(base::Bytes(crypto::kem_public_key_size, 0xFF)));
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(kem, one_parsed_key_serves_several_threads) {
    const DecapsulationKey secret = must(DecapsulationKey::generate());
    const EncapsulationKey key = must(EncapsulationKey::parse(secret.public_key()));
    std::vector<int> agreed(4);
    {
        std::vector<std::jthread> threads;
        for (int& count : agreed) {
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    const auto made = must(key.encapsulate());
                    if (same(made.shared_secret, must(secret.decapsulate(made.ciphertext)))) ++count;
                }
            });
        }
    }
    EXPECT_EQ(agreed, std::vector<int>(4, 50));
}

}  // namespace
