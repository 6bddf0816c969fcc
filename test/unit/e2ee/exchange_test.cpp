#include "e2ee/exchange.h"

#include "support/instance_side.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace {

using base::ErrorKind;
using e2ee::ReplyKeys;
using e2ee::seal_request;
using support::Instance;
using support::must;

static_assert(!std::is_copy_constructible_v<ReplyKeys>);

constexpr std::string_view body = R"({"model":"m","messages":[{"role":"user","content":"hi \ud83d\ude00 1e400"}],"n":1.0})";

// One exchange: what the instance got, and the keys for its reply.
struct Exchange {
    explicit Exchange(std::string_view json = body) : sealed(must(seal_request(instance.public_key(), json))) {}

    Instance instance;
    e2ee::SealedRequest sealed;
    support::OpenedRequest opened = instance.open_request(sealed.envelope);

    base::Result<std::string> open(base::ByteView blob) { return std::move(sealed.reply).open_reply(blob); }
    void expect_rejected(base::ByteView blob) {
        const auto reply = open(blob);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().kind, ErrorKind::reply_rejected);
    }
};

TEST(exchange, the_instance_reads_every_byte_of_the_body_and_one_more_member) {
    const Exchange exchange;
    const std::string member = R"(,"e2e_response_pk":")" + base::base64_encode(exchange.opened.response_key) + "\"}";
    EXPECT_EQ(exchange.opened.json, std::string(body.substr(0, body.size() - 1)) + member);
    EXPECT_EQ(exchange.opened.response_key.size(), crypto::kem_public_key_size);
}

TEST(exchange, an_empty_object_gets_the_member_without_a_comma) {
    const Exchange exchange("{}");
    EXPECT_TRUE(exchange.opened.json.starts_with(R"({"e2e_response_pk":")"));
}

TEST(exchange, the_envelope_is_kem_ciphertext_nonce_ciphertext_and_tag) {
    const Exchange exchange;
    const std::size_t overhead = crypto::kem_ciphertext_size + crypto::aead_nonce_size + crypto::aead_tag_size;
    EXPECT_EQ(exchange.sealed.envelope.size(), overhead + crypto::gzip(base::as_bytes(exchange.opened.json)).size());
}

TEST(exchange, nothing_of_two_envelopes_is_the_same) {
    const Instance instance;
    const auto one = must(seal_request(instance.public_key(), body));
    const auto two = must(seal_request(instance.public_key(), body));
    EXPECT_NE(instance.open_request(one.envelope).response_key, instance.open_request(two.envelope).response_key);
    const auto part = [](const base::Bytes& envelope, std::size_t from, std::size_t size) {
        return base::Bytes(envelope.begin() + static_cast<std::ptrdiff_t>(from),
                           envelope.begin() + static_cast<std::ptrdiff_t>(from + size));
    };
    EXPECT_NE(part(one.envelope, 0, crypto::kem_ciphertext_size), part(two.envelope, 0, crypto::kem_ciphertext_size));
    EXPECT_NE(part(one.envelope, crypto::kem_ciphertext_size, crypto::aead_nonce_size),
              part(two.envelope, crypto::kem_ciphertext_size, crypto::aead_nonce_size));
}

TEST(exchange, another_instance_cannot_open_the_envelope) {
    const Exchange exchange;
    EXPECT_ANY_THROW((void)Instance().open_request(exchange.sealed.envelope));
}

TEST(exchange, the_prompt_is_nowhere_in_the_envelope) {
    const Exchange exchange;
    const auto packed = crypto::gzip(base::as_bytes(body));
    const std::string_view sealed = base::as_text(exchange.sealed.envelope);
    EXPECT_EQ(sealed.find("messages"), std::string_view::npos);
    EXPECT_EQ(sealed.find(base::as_text(packed).substr(10, 16)), std::string_view::npos);
}

TEST(exchange, opens_the_reply_to_its_request) {
    Exchange exchange;
    const std::string reply = R"({"id":"chatcmpl-1","choices":[]})";
    EXPECT_EQ(must(exchange.open(support::seal_reply(exchange.opened.reply_to(), reply))), reply);
}

TEST(exchange, opens_a_large_reply) {
    Exchange exchange;
    const std::string reply(5 << 20, 'x');
    EXPECT_EQ(must(exchange.open(support::seal_reply(exchange.opened.reply_to(), reply))), reply);
}

TEST(exchange, refuses_a_reply_to_another_request) {
    Exchange exchange;
    const Exchange other;
    exchange.expect_rejected(support::seal_reply(other.opened.reply_to(), "{}"));
}

// The relay knows the instance's public key: what is sealed to it must not pass for a reply.
TEST(exchange, refuses_its_own_request_sent_back) {
    Exchange exchange;
    exchange.expect_rejected(base::Bytes(exchange.sealed.envelope));
}

TEST(exchange, refuses_a_reply_with_one_bit_changed_in_any_part) {
    const std::size_t nonce = crypto::kem_ciphertext_size;
    const std::size_t ciphertext = nonce + crypto::aead_nonce_size;
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{15}, std::size_t{16}, nonce - 1, nonce, ciphertext - 1, ciphertext}) {
        Exchange exchange;
        base::Bytes blob = support::seal_reply(exchange.opened.reply_to(), "{}");
        blob[at] ^= 0x10;
        SCOPED_TRACE(at);
        exchange.expect_rejected(blob);
    }
    Exchange exchange;
    base::Bytes blob = support::seal_reply(exchange.opened.reply_to(), "{}");
    blob.back() ^= 1;
    exchange.expect_rejected(blob);
}

TEST(exchange, refuses_a_truncated_reply) {
    for (const std::size_t size : {0U, 1U, 1087U, 1088U, 1099U, 1100U, 1115U, 1116U, 1130U}) {
        Exchange exchange;
        const base::Bytes blob = support::seal_reply(exchange.opened.reply_to(), "{}");
        SCOPED_TRACE(size);
        exchange.expect_rejected(base::ByteView(blob).first(size));
    }
}

TEST(exchange, refuses_a_byte_after_the_reply) {
    Exchange exchange;
    base::Bytes blob = support::seal_reply(exchange.opened.reply_to(), "{}");
    blob.push_back(0);
    exchange.expect_rejected(blob);
}

class OtherInfo : public testing::TestWithParam<std::string_view> {};
TEST_P(OtherInfo, does_not_open_as_a_reply) {
    Exchange exchange;
    exchange.expect_rejected(
        support::seal_packed_reply(exchange.opened.reply_to(), crypto::gzip(base::as_bytes("{}")), GetParam()));
}
INSTANTIATE_TEST_SUITE_P(exchange, OtherInfo, testing::Values("e2e-req-v1", "e2e-stream-v1", "e2e-resp-v2", ""));

TEST(exchange, refuses_a_sealed_reply_that_is_not_packed) {
    Exchange exchange;
    exchange.expect_rejected(support::seal_packed_reply(exchange.opened.reply_to(), base::as_bytes(R"({"choices":[]})")));
}

TEST(exchange, refuses_a_sealed_reply_with_a_byte_after_its_gzip_member) {
    Exchange exchange;
    base::Bytes packed = crypto::gzip(base::as_bytes("{}"));
    packed.push_back(0);
    exchange.expect_rejected(support::seal_packed_reply(exchange.opened.reply_to(), packed));
}

TEST(exchange, refuses_a_reply_that_unpacks_to_more_than_the_limit) {
    Exchange exchange;
    exchange.expect_rejected(
        support::seal_packed_reply(exchange.opened.reply_to(), crypto::gzip(base::Bytes(base::limits::reply_max + 1))));
}

TEST(exchange, an_error_says_nothing_of_what_came) {
    Exchange exchange;
    const auto reply = exchange.open(base::as_bytes("<html>secret</html>"));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().detail.find("secret"), std::string::npos);
}

}  // namespace
