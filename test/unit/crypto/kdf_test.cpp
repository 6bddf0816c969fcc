#include "crypto/kdf.h"

#include "support/hex.h"
#include "support/instance_side.h"

#include <gtest/gtest.h>

namespace {

using base::as_bytes;
using support::from_hex;
using support::to_hex;

// RFC 5869, appendix A, cases 1 to 3 (those of SHA-256).
struct HkdfCase {
    const char* key_material;
    const char* salt;
    const char* info;
    const char* output;
};
class Rfc5869 : public testing::TestWithParam<HkdfCase> {};
TEST_P(Rfc5869, agrees) {
    const base::Bytes key_material = from_hex(GetParam().key_material);
    const base::Bytes salt = from_hex(GetParam().salt);
    const base::Bytes info = from_hex(GetParam().info);
    const base::Bytes expected = from_hex(GetParam().output);
    base::Bytes output(expected.size());
    support::must(crypto::hkdf_sha256({key_material, salt, info}, output));
    EXPECT_EQ(to_hex(output), to_hex(expected));
}
INSTANTIATE_TEST_SUITE_P(
    kdf, Rfc5869,
    testing::Values(HkdfCase{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
                             "f0f1f2f3f4f5f6f7f8f9",
                             "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
                    HkdfCase{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
                             "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
                             "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
                             "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
                             "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
                             "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
                             "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                             "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
                    HkdfCase{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
                             "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"}));

TEST(kdf, hkdf_gives_its_longest_output_and_nothing_longer) {
    base::Bytes output(crypto::hkdf_output_max);
    EXPECT_TRUE(crypto::hkdf_sha256({as_bytes("secret"), as_bytes("salt"), as_bytes("info")}, output));
    output.push_back(0);
    const auto derived = crypto::hkdf_sha256({as_bytes("secret"), as_bytes("salt"), as_bytes("info")}, output);
    ASSERT_FALSE(derived);
    EXPECT_EQ(derived.error().kind, base::ErrorKind::internal);
}

TEST(kdf, hkdf_without_output_fails) {
    EXPECT_FALSE(crypto::hkdf_sha256({as_bytes("secret"), as_bytes("salt"), as_bytes("info")}, {}));
}

// RFC 4231 §4. Its keys have other sizes than 32 bytes. RFC 2104 §2 pads short ones with zero bytes and hashes those that are
// longer than a block, so that each has an equal of 32 bytes.
struct HmacCase {
    base::Bytes key;
    base::Bytes data;
    const char* digest;
};
class Rfc4231 : public testing::TestWithParam<HmacCase> {};
TEST_P(Rfc4231, agrees) {
    base::Bytes key = GetParam().key;
    if (key.size() > 64) {
        const crypto::Sha256 hashed = crypto::sha256(key);
        key.assign(hashed.begin(), hashed.end());
    }
    key.resize(32);
    const base::Secret<32> secret{std::span<const std::uint8_t, 32>(key)};
    EXPECT_EQ(to_hex(crypto::hmac_sha256(secret, GetParam().data)), GetParam().digest);
}

base::Bytes text(std::string_view of) {
    return {of.begin(), of.end()};
}

INSTANTIATE_TEST_SUITE_P(
    kdf, Rfc4231,
    testing::Values(
        HmacCase{base::Bytes(20, 0x0b), text("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        HmacCase{text("Jefe"), text("what do ya want for nothing?"),
                 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        HmacCase{base::Bytes(20, 0xaa), base::Bytes(50, 0xdd),
                 "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        HmacCase{from_hex("0102030405060708090a0b0c0d0e0f10111213141516171819"), base::Bytes(50, 0xcd),
                 "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        HmacCase{base::Bytes(131, 0xaa), text("Test Using Larger Than Block-Size Key - Hash Key First"),
                 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        HmacCase{
            base::Bytes(131, 0xaa),
            text("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
                 "hashed before being used by the HMAC algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"}));

// FIPS 180-4's examples (NIST, "Descriptions of SHA-256").
TEST(kdf, sha256_agrees_with_the_standards_examples) {
    EXPECT_EQ(to_hex(crypto::sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(crypto::sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(kdf, random_bytes_differ_each_time) {
    std::array<std::uint8_t, 32> one{};
    std::array<std::uint8_t, 32> two{};
    crypto::random_bytes(one);
    crypto::random_bytes(two);
    EXPECT_NE(one, two);
}

}  // namespace
