#include "e2ee/stream_opener.h"

#include "e2ee/exchange.h"
#include "support/instance_side.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace {

using base::ErrorKind;
using support::must;

// Both ends of one stream: the opener under test, and the instance's sealer for it.
class Stream {
public:
    Stream() : Stream(must(crypto::DecapsulationKey::generate())) {}

    support::StreamSealer sealer;
    e2ee::StreamOpener opener;
    std::string plaintext;

    base::Result<void> feed(std::string_view outer) { return opener.feed(outer, plaintext); }
    base::Result<void> finish() { return opener.finish(plaintext); }

    void expect(ErrorKind kind, std::string_view outer) {
        const auto fed = feed(outer);
        ASSERT_FALSE(fed) << outer.substr(0, 60);
        EXPECT_EQ(fed.error().kind, kind) << fed.error().detail;
    }

private:
    explicit Stream(crypto::DecapsulationKey key)
        : sealer(must(crypto::EncapsulationKey::parse(key.public_key()))), opener(std::move(key)) {}
};

// A stream that has begun.
class BegunStream : public Stream {
public:
    BegunStream() { must(feed(sealer.init())); }
};

constexpr std::string_view done = "data: [DONE]\n\n";

std::string data_event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}

TEST(stream, gives_out_the_bytes_of_the_chunks_joined) {
    BegunStream stream;
    must(stream.feed(stream.sealer.chunk("data: {\"choices\":[]}\n")));
    EXPECT_EQ(stream.plaintext, "data: {\"choices\":[]}\n");
    must(stream.feed(stream.sealer.chunk("\n")));
    must(stream.feed(stream.sealer.chunk("data: [DONE]\n\n")));
    EXPECT_EQ(stream.plaintext, "data: {\"choices\":[]}\n\ndata: [DONE]\n\n");
    EXPECT_TRUE(stream.finish());
}

TEST(stream, opens_what_an_instance_sealed_to_the_key_in_the_request) {
    const support::Instance instance;
    auto sealed = must(e2ee::seal_request(instance.public_key(), "{}"));
    support::StreamSealer sealer(instance.open_request(sealed.envelope).reply_to());
    auto opener = std::move(sealed.reply).open_stream();
    std::string plaintext;
    must(opener.feed(sealer.init() + sealer.chunk("data: [DONE]\n\n"), plaintext));
    EXPECT_EQ(plaintext, "data: [DONE]\n\n");
}

TEST(stream, chunks_may_split_inside_a_character_and_may_be_empty) {
    BegunStream stream;
    for (const char* piece : {"\xE2", "", "\x82", "\xAC"}) must(stream.feed(stream.sealer.chunk(piece)));
    EXPECT_EQ(stream.plaintext, "\xE2\x82\xAC");
}

TEST(stream, opens_a_chunk_of_a_megabyte) {
    BegunStream stream;
    const std::string large(1 << 20, 'x');
    must(stream.feed(stream.sealer.chunk(large)));
    EXPECT_EQ(stream.plaintext, large);
}

TEST(stream, says_the_same_however_the_outer_bytes_are_split) {
    for (const std::size_t size : {1U, 2U, 3U, 7U, 100U, 1500U}) {
        Stream stream;
        const std::string outer =
            stream.sealer.init() + stream.sealer.chunk("one ") + ": comment\n\n" + stream.sealer.chunk("two");
        for (std::size_t at = 0; at < outer.size(); at += size) must(stream.feed(std::string_view(outer).substr(at, size)));
        EXPECT_EQ(stream.plaintext, "one two") << size;
        EXPECT_TRUE(stream.finish());
    }
}

TEST(stream, appends_to_what_the_caller_has) {
    BegunStream stream;
    stream.plaintext = "before ";
    must(stream.feed(stream.sealer.chunk("after")));
    EXPECT_EQ(stream.plaintext, "before after");
}

TEST(stream, white_space_and_an_event_name_around_the_sealed_json_do_not_matter) {
    BegunStream stream;
    std::string event = stream.sealer.chunk("x");
    event.replace(0, 6, "event: e2e\ndata:  ");
    must(stream.feed(event));
    EXPECT_EQ(stream.plaintext, "x");
}

// --- the order of events ---

TEST(stream, a_chunk_before_the_init_is_refused) {
    Stream stream;
    stream.expect(ErrorKind::reply_rejected, stream.sealer.chunk("x"));
}

TEST(stream, a_second_init_is_refused_even_the_same) {
    BegunStream stream;
    stream.expect(ErrorKind::reply_rejected, stream.sealer.init());
}

TEST(stream, another_init_cannot_take_over) {
    BegunStream stream;
    const Stream other;
    stream.expect(ErrorKind::reply_rejected, other.sealer.init());
}

TEST(stream, a_chunk_that_comes_twice_is_refused) {
    BegunStream stream;
    const std::string chunk = stream.sealer.chunk("pay 1 euro\n");
    must(stream.feed(chunk));
    stream.expect(ErrorKind::reply_rejected, chunk);
    EXPECT_EQ(stream.plaintext, "pay 1 euro\n");
}

TEST(stream, a_chunk_that_comes_again_after_a_thousand_others_is_refused) {
    BegunStream stream;
    const std::string chunk = stream.sealer.chunk("x");
    must(stream.feed(chunk));
    for (int i = 0; i < 1000; ++i) must(stream.feed(stream.sealer.chunk("y")));
    stream.expect(ErrorKind::reply_rejected, chunk);
}

TEST(stream, another_text_under_a_used_nonce_is_refused) {
    BegunStream stream;
    must(stream.feed(stream.sealer.chunk("one", {7})));
    stream.expect(ErrorKind::reply_rejected, stream.sealer.chunk("two", {7}));
}

// --- forgery ---

TEST(stream, a_chunk_with_one_bit_changed_anywhere_is_refused) {
    BegunStream whole;
    const base::Bytes sealed = whole.sealer.sealed("hi", crypto::random_nonce());
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        BegunStream stream;
        base::Bytes forged = stream.sealer.sealed("hi", crypto::random_nonce());
        forged[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        SCOPED_TRACE(bit);
        stream.expect(ErrorKind::reply_rejected, support::StreamSealer::event("e2e", forged));
        EXPECT_TRUE(stream.plaintext.empty());
    }
}

TEST(stream, a_truncated_chunk_is_refused) {
    for (const std::size_t size : {0U, 1U, 11U, 12U, 13U, 27U, 28U, 29U}) {
        BegunStream stream;
        const base::Bytes sealed = stream.sealer.sealed("hi", crypto::random_nonce());
        SCOPED_TRACE(size);
        stream.expect(ErrorKind::reply_rejected, support::StreamSealer::event("e2e", base::ByteView(sealed).first(size)));
    }
}

TEST(stream, a_chunk_of_another_stream_is_refused) {
    BegunStream stream;
    BegunStream other;
    stream.expect(ErrorKind::reply_rejected, other.sealer.chunk("x"));
}

TEST(stream, a_chunk_under_the_key_of_a_whole_reply_is_refused) {
    crypto::DecapsulationKey key = must(crypto::DecapsulationKey::generate());
    const auto made = must(must(crypto::EncapsulationKey::parse(key.public_key())).encapsulate());
    e2ee::StreamOpener opener(std::move(key));
    std::string plaintext;
    must(opener.feed(support::StreamSealer::event("e2e_init", made.ciphertext), plaintext));
    crypto::Aead wrong(support::derive(made.shared_secret, made.ciphertext, support::reply_info));
    const auto sealed = support::seal_with(wrong, crypto::random_nonce(), base::as_bytes("x"));
    const auto fed = opener.feed(support::StreamSealer::event("e2e", sealed), plaintext);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().kind, ErrorKind::reply_rejected);
}

TEST(stream, an_init_of_the_wrong_size_is_refused) {
    for (const std::size_t size : {0U, 16U, 1087U, 1089U, 1568U}) {
        Stream stream;
        SCOPED_TRACE(size);
        stream.expect(ErrorKind::reply_rejected, support::StreamSealer::event("e2e_init", base::Bytes(size)));
    }
}

// --- what the relay may say, and what not ---

class UnknownEvent : public testing::TestWithParam<const char*> {};
TEST_P(UnknownEvent, is_refused_before_the_init) {
    Stream stream;
    stream.expect(ErrorKind::reply_rejected, data_event(GetParam()));
}
TEST_P(UnknownEvent, is_refused_after_the_init) {
    BegunStream stream;
    stream.expect(ErrorKind::reply_rejected, data_event(GetParam()));
    EXPECT_TRUE(stream.plaintext.empty());
}
INSTANTIATE_TEST_SUITE_P(stream, UnknownEvent,
                         testing::Values("", "x", "{", "{}", "[]", "null", "true", "1", R"("e2e")", R"(["e2e","AAAA"])",
                                         "[DONE]x", "[done]", " [DONE] x", R"({"choices":[{"delta":{"content":"forged"}}]})",
                                         R"({"error":{"message":"forged"}})", R"({"usage2":{}})", R"({"E2E":"AAAA"})",
                                         R"({"e2e":"AAAA"}{"e2e":"AAAA"})", R"({"usage":{},"choices":[]})",
                                         R"({"usage":{},"usage":{}})", R"({"usage":{},"e2e":"AAAA"})", R"({"e2e":null})",
                                         R"({"e2e":1})", R"({"e2e":["AAAA"]})", R"({"e2e":{"e2e":"AAAA"}})", R"({"e2e":""})",
                                         R"({"e2e_init":null})", R"({"e2e_init":1})", R"({"e2e_init":""})",
                                         R"({"e2e_init":"!!!!"})", R"({"e2e":"A"})", R"({"e2e":"AAA"})", R"({"e2e":"AAAA\n"})",
                                         R"({"e2e":"AA-_"})", R"({"e2e":"AAB="})", R"({"e2e_error":"x","e2e":"AAAA"})",
                                         R"({"e2e_error":"x","e2e_init":"AAAA"})"));

// Each of them holds a sealed piece that is good by itself.
class MixedEvent : public testing::TestWithParam<const char*> {};
TEST_P(MixedEvent, is_refused) {
    BegunStream stream;
    std::string event = stream.sealer.chunk("x");
    event.replace(event.find('}'), 1, std::string(",") + GetParam() + "}");
    stream.expect(ErrorKind::reply_rejected, event);
    EXPECT_TRUE(stream.plaintext.empty());
}
INSTANTIATE_TEST_SUITE_P(stream, MixedEvent,
                         testing::Values(R"("e2e_init":"AAAA")", R"("usage":{})", R"("e2e_error":"x")", R"("e2e":"AAAA")",
                                         R"("x":1)", R"("choices":[])"));

TEST(stream, an_init_with_a_chunk_in_the_same_event_is_refused) {
    Stream stream;
    std::string event = stream.sealer.init();
    event.replace(event.find('}'), 1, R"(,"e2e":"AAAA"})");
    stream.expect(ErrorKind::reply_rejected, event);
}

TEST(stream, two_sealed_objects_in_the_lines_of_one_event_are_refused) {
    BegunStream stream;
    const std::string one = stream.sealer.chunk("a");
    stream.expect(ErrorKind::reply_rejected, one.substr(0, one.size() - 1) + stream.sealer.chunk("b"));
}

// Sixteen megabytes of "0," would take many times that to parse.
TEST(stream, a_clear_event_of_many_values_is_refused_whatever_it_says) {
    BegunStream stream;
    std::string zeros = "0";
    while (zeros.size() < base::limits::stream_clear_event_max) zeros += ",0";
    stream.expect(ErrorKind::reply_rejected, data_event(R"({"usage":[)" + zeros + "]}"));
}

TEST(stream, clear_usage_and_an_outer_done_are_dropped_wherever_they_stand) {
    Stream stream;
    const std::string clear = data_event(R"({"usage":{"total_tokens":3}})") + std::string(done) + ": comment\n\n";
    must(stream.feed(clear + stream.sealer.init() + clear + stream.sealer.chunk("one ") + clear + stream.sealer.chunk("two") +
                     clear));
    EXPECT_TRUE(stream.finish());
    EXPECT_EQ(stream.plaintext, "one two");
}

// --- the relay's own report ---

TEST(stream, a_report_of_the_relay_ends_it_and_is_said_to_be_unauthenticated) {
    BegunStream stream;
    const auto fed = stream.feed(data_event(R"({"e2e_error":"instance \u001b[31m\nlost \u20ac"})"));
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().kind, ErrorKind::relay_reported);
    EXPECT_NE(fed.error().detail.find("nobody authenticated"), std::string::npos);
    EXPECT_TRUE(fed.error().detail.ends_with("instance [31mlost ")) << fed.error().detail;
}

TEST(stream, a_report_may_come_before_the_init) {
    Stream stream;
    stream.expect(ErrorKind::relay_reported, data_event(R"({"e2e_error":"x","code":500})"));
}

TEST(stream, a_long_report_is_cut) {
    BegunStream stream;
    const auto fed = stream.feed(data_event(R"({"e2e_error":")" + std::string(100'000, 'x') + "\"}"));
    ASSERT_FALSE(fed);
    EXPECT_LT(fed.error().detail.size(), 400U);
}

TEST(stream, a_report_that_is_not_text_is_not_repeated) {
    BegunStream stream;
    const auto fed = stream.feed(data_event(R"({"e2e_error":{"message":"send money"}})"));
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().kind, ErrorKind::relay_reported);
    EXPECT_EQ(fed.error().detail.find("money"), std::string::npos);
}

TEST(stream, what_was_sealed_before_a_report_is_kept_though_they_came_together) {
    BegunStream stream;
    stream.expect(ErrorKind::relay_reported,
                  stream.sealer.chunk("kept") + data_event(R"({"e2e_error":"x"})") + stream.sealer.chunk("not"));
    EXPECT_EQ(stream.plaintext, "kept");
}

// --- the end ---

TEST(stream, an_error_is_final) {
    BegunStream stream;
    const auto first = stream.feed(data_event("{}"));
    ASSERT_FALSE(first);
    for (const auto& again : {stream.feed(stream.sealer.chunk("x")), stream.feed(""), stream.finish()}) {
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error(), first.error());
    }
    EXPECT_TRUE(stream.plaintext.empty());
}

TEST(stream, must_not_end_before_its_init) {
    for (const std::string& outer : {std::string(), std::string(done), data_event(R"({"usage":{}})")}) {
        Stream stream;
        must(stream.feed(outer));
        const auto finished = stream.finish();
        ASSERT_FALSE(finished);
        EXPECT_EQ(finished.error().kind, ErrorKind::upstream_broken);
    }
}

TEST(stream, must_not_end_inside_an_event) {
    BegunStream whole;
    const std::size_t size = whole.sealer.chunk("x").size() - 3;  // the brace and two line ends
    for (std::size_t cut = 6; cut < size; cut += 5) {
        BegunStream stream;
        must(stream.feed(stream.sealer.chunk("x").substr(0, cut)));
        const auto finished = stream.finish();
        ASSERT_FALSE(finished) << cut;
        EXPECT_EQ(finished.error().kind, ErrorKind::upstream_broken);
        EXPECT_TRUE(stream.plaintext.empty());
    }
}

TEST(stream, a_last_event_without_its_line_ends_counts) {
    for (const std::size_t lacking : {1U, 2U}) {
        BegunStream stream;
        std::string chunk = stream.sealer.chunk("last");
        chunk.resize(chunk.size() - lacking);
        must(stream.feed(chunk));
        EXPECT_TRUE(stream.finish());
        EXPECT_EQ(stream.plaintext, "last");
    }
    BegunStream stream;
    must(stream.feed("data: [DONE]"));
    EXPECT_TRUE(stream.finish());
}

TEST(stream, a_last_event_without_its_line_ends_is_judged_like_any_other) {
    BegunStream stream;
    must(stream.feed(R"(data: {"e2e":"AAAA"})"));
    const auto finished = stream.finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().kind, ErrorKind::reply_rejected);
}

TEST(stream, an_event_over_the_limit_breaks_it) {
    BegunStream stream;
    const std::string piece(1 << 20, 'A');
    must(stream.feed("data: {\"e2e\":\""));
    base::Result<void> fed;
    for (std::size_t taken = 0; fed && taken <= base::limits::stream_event_max; taken += piece.size()) fed = stream.feed(piece);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().kind, ErrorKind::upstream_broken);
}

TEST(stream, a_refusal_leaves_no_openssl_error_for_the_next_tls_call) {
    BegunStream stream;
    BegunStream other;
    stream.expect(ErrorKind::reply_rejected, other.sealer.chunk("x"));
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

}  // namespace
