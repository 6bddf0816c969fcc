#include "crypto/aead.h"

#include "support/hex.h"
#include "support/instance_side.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace {

using base::as_bytes;
using crypto::Aead;
using crypto::AeadKey;
using crypto::AeadNonce;
using support::from_hex;
using support::must;
using support::to_hex;

AeadKey key_of(base::ByteView bytes) {
    return AeadKey{bytes.first<crypto::aead_key_size>()};
}

AeadNonce nonce_of(base::ByteView bytes) {
    AeadNonce nonce{};
    std::copy_n(bytes.begin(), nonce.size(), nonce.begin());
    return nonce;
}

Aead some_aead() {
    return Aead(key_of(base::Bytes(32, 7)));
}
constexpr AeadNonce some_nonce = {1, 2, 3};

base::Bytes sealed_hello() {
    base::Bytes sealed;
    must(some_aead().seal(some_nonce, as_bytes("hello"), sealed));
    return sealed;
}

// RFC 8439 §2.8.2.
TEST(aead, agrees_with_rfc_8439) {
    const base::Bytes key = from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const AeadNonce nonce = nonce_of(from_hex("070000004041424344454647"));
    const base::Bytes associated = from_hex("50515253c0c1c2c3c4c5c6c7");
    const std::string_view plaintext =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    const std::string expected =
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5"
        "b67ecd"
        "3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e2"
        "6a7e90"
        "2ecbd0600691";
    Aead aead(key_of(key));
    base::Bytes sealed;
    must(aead.seal(nonce, as_bytes(plaintext), sealed, associated));
    EXPECT_EQ(to_hex(sealed), expected);
    std::string opened;
    must(aead.open(nonce, sealed, opened, associated));
    EXPECT_EQ(opened, plaintext);
}

// RFC 8439 A.5: decryption.
TEST(aead, opens_the_decryption_example_of_rfc_8439) {
    const base::Bytes key = from_hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
    const AeadNonce nonce = nonce_of(from_hex("000000000102030405060708"));
    const base::Bytes associated = from_hex("f33388860000000000004e91");
    const base::Bytes sealed = from_hex(
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b"
        "7f3558"
        "94cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9"
        "f6157b"
        "53c867e4b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564e"
        "ea1b42"
        "2273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2e"
        "da04df"
        "997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38");
    std::string opened;
    must(Aead(key_of(key)).open(nonce, sealed, opened, associated));
    EXPECT_TRUE(opened.starts_with("Internet-Drafts are draft documents valid for a maximum of six months"));
    EXPECT_EQ(opened.size(), 265U);
}

TEST(aead, appends_and_keeps_what_was_there) {
    Aead aead = some_aead();
    base::Bytes sealed = {0xAB};
    must(aead.seal(some_nonce, as_bytes("hello"), sealed));
    EXPECT_EQ(sealed.size(), 1 + 5 + crypto::aead_tag_size);
    EXPECT_EQ(sealed[0], 0xAB);
    std::string opened = "before ";
    must(aead.open(some_nonce, base::ByteView(sealed).subspan(1), opened));
    EXPECT_EQ(opened, "before hello");
}

// However the buffer grows meanwhile.
TEST(aead, appends_message_after_message_and_nothing_else) {
    Aead aead = some_aead();
    std::string opened;
    std::string expected;
    for (std::size_t size = 0; size < 300; ++size) {
        const std::string message(size, static_cast<char>('a' + size % 26));
        base::Bytes sealed;
        must(aead.seal(some_nonce, as_bytes(message), sealed));
        must(aead.open(some_nonce, sealed, opened));
        expected += message;
        ASSERT_EQ(opened, expected);
    }
}

TEST(aead, an_empty_plaintext_is_a_tag_alone_and_opens) {
    base::Bytes sealed;
    must(some_aead().seal(some_nonce, {}, sealed));
    EXPECT_EQ(sealed.size(), crypto::aead_tag_size);
    std::string opened = "x";
    must(some_aead().open(some_nonce, sealed, opened));
    EXPECT_EQ(opened, "x");
}

TEST(aead, refuses_a_message_with_any_one_bit_changed) {
    const base::Bytes sealed = sealed_hello();
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        base::Bytes forged = sealed;
        forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        std::string opened;
        const auto result = some_aead().open(some_nonce, forged, opened);
        ASSERT_FALSE(result) << "bit " << bit;
        EXPECT_EQ(result.error().kind, base::ErrorKind::reply_rejected);
    }
}

TEST(aead, refuses_every_truncation) {
    const base::Bytes sealed = sealed_hello();
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        std::string opened;
        const auto result = some_aead().open(some_nonce, base::ByteView(sealed).first(size), opened);
        ASSERT_FALSE(result) << "size " << size;
        EXPECT_EQ(result.error().kind, base::ErrorKind::reply_rejected);
    }
}

TEST(aead, refuses_another_key) {
    std::string opened;
    EXPECT_FALSE(Aead(key_of(base::Bytes(32, 8))).open(some_nonce, sealed_hello(), opened));
}

TEST(aead, refuses_another_nonce) {
    std::string opened;
    EXPECT_FALSE(some_aead().open({1, 2, 4}, sealed_hello(), opened));
}

TEST(aead, refuses_other_associated_data) {
    std::string opened;
    EXPECT_FALSE(some_aead().open(some_nonce, sealed_hello(), opened, as_bytes("x")));
}

TEST(aead, a_refusal_leaves_the_output_as_it_was_and_no_plaintext_behind_it) {
    base::Bytes forged = sealed_hello();
    forged.back() ^= 1;
    std::string opened = "before";
    opened.reserve(64);
    ASSERT_FALSE(some_aead().open(some_nonce, forged, opened));
    EXPECT_EQ(opened, "before");
    const std::string_view memory(opened.data(), opened.capacity());
    EXPECT_EQ(memory.find("hello"), std::string_view::npos);
}

TEST(aead, a_refusal_leaves_no_openssl_error_for_the_next_tls_call) {
    base::Bytes forged = sealed_hello();
    forged.back() ^= 1;
    std::string opened;
    ASSERT_FALSE(some_aead().open(some_nonce, forged, opened));
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(aead, one_context_seals_and_opens_in_any_order_even_after_a_refusal) {
    Aead aead = some_aead();
    const base::Bytes sealed = sealed_hello();
    base::Bytes forged = sealed;
    forged[0] ^= 1;
    for (int round = 0; round < 3; ++round) {
        std::string opened;
        EXPECT_FALSE(aead.open(some_nonce, forged, opened, as_bytes("left over")));
        must(aead.open(some_nonce, sealed, opened));
        EXPECT_EQ(opened, "hello");
        base::Bytes again;
        must(aead.seal(some_nonce, as_bytes("hello"), again));
        EXPECT_EQ(again, sealed);
    }
}

TEST(aead, nonces_differ_each_time) {
    EXPECT_NE(crypto::random_nonce(), crypto::random_nonce());
}

}  // namespace
