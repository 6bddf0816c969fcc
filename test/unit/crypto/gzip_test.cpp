#include "crypto/gzip.h"

#include "crypto/kdf.h"
#include "support/hex.h"
#include "support/instance_side.h"

#include <gtest/gtest.h>

namespace {

using base::as_bytes;
using crypto::gunzip;
using crypto::gzip;
using support::must;

constexpr std::size_t plenty = 1 << 20;

void expect_rejected(base::ByteView packed, std::size_t size_max = plenty) {
    const auto plain = gunzip(packed, size_max);
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().kind, base::ErrorKind::reply_rejected);
}

TEST(gzip, what_is_packed_unpacks_to_the_same_at_any_size) {
    for (const std::size_t size : {0, 1, 2, 100, 65'535, 65'536, 1'000'000}) {
        base::Bytes noise(size);
        crypto::random_bytes(noise);
        EXPECT_EQ(must(gunzip(gzip(noise), size)), base::as_text(noise)) << size;
    }
}

// Written by Python 3.11: gzip.compress(b'{"model":"m"}', mtime=0).
TEST(gzip, unpacks_what_another_implementation_packed) {
    const base::Bytes packed = support::from_hex("1f8b0800000000000203ab56cacd4f49cd51b252ca55aa05009b6cbaaa0d000000");
    EXPECT_EQ(must(gunzip(packed, plenty)), R"({"model":"m"})");
}

TEST(gzip, a_plain_text_as_large_as_the_limit_unpacks_and_one_byte_more_does_not) {
    const base::Bytes packed = gzip(as_bytes(std::string(1000, 'a')));
    EXPECT_EQ(must(gunzip(packed, 1000)).size(), 1000U);
    expect_rejected(packed, 999);
}

TEST(gzip, refuses_every_truncation) {
    const base::Bytes packed = gzip(as_bytes("a text that is to be packed"));
    for (std::size_t size = 0; size < packed.size(); ++size) expect_rejected(base::ByteView(packed).first(size));
}

TEST(gzip, refuses_a_trailing_byte) {
    base::Bytes packed = gzip(as_bytes("text"));
    packed.push_back(0);
    expect_rejected(packed);
}

TEST(gzip, refuses_a_second_member) {
    base::Bytes packed = gzip(as_bytes("text"));
    support::append(packed, gzip(as_bytes("text")));
    expect_rejected(packed);
}

TEST(gzip, refuses_a_wrong_checksum) {
    base::Bytes packed = gzip(as_bytes("text"));
    packed[packed.size() - 8] ^= 1;
    expect_rejected(packed);
}

TEST(gzip, refuses_a_size_that_is_claimed_too_small) {
    base::Bytes packed = gzip(as_bytes("text"));
    packed[packed.size() - 4] -= 1;
    expect_rejected(packed);
}

TEST(gzip, refuses_a_size_that_is_claimed_too_large) {
    base::Bytes packed = gzip(as_bytes("text"));
    packed[packed.size() - 4] += 1;
    expect_rejected(packed);
}

// 20 bytes that would take 64 MiB of memory if they were believed.
TEST(gzip, refuses_a_size_that_no_such_input_could_stand_for) {
    base::Bytes packed = gzip(as_bytes("text"));
    packed[packed.size() - 1] = 0x03;
    expect_rejected(packed, 64 << 20);
}

TEST(gzip, refuses_a_bomb) {
    expect_rejected(gzip(base::Bytes(8 << 20)), plenty);
}

TEST(gzip, refuses_a_bomb_that_claims_to_be_small) {
    base::Bytes packed = gzip(base::Bytes(8 << 20));
    std::fill(packed.end() - 4, packed.end(), std::uint8_t{0});
    expect_rejected(packed);
}

TEST(gzip, refuses_what_is_not_gzip) {
    expect_rejected(as_bytes(R"({"choices":[],"text":"plain JSON, not packed"})"));
}

}  // namespace
