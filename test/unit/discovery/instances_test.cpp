#include "discovery/instances.h"

#include "base/limits.h"
#include "discovery/support.h"

#include <gtest/gtest.h>

#include <string>

namespace discovery {
namespace {

using base::ErrorKind;

const std::string nonce = "abcdefghijklmnopqrstuvwxyzABC_-9";  // 32 characters, as the protocol says

std::string json_string(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

const std::string& good_key() {
    static const std::string key = json_string(test::any_key()->base64);
    return key;
}

struct RawRow {
    std::string id = "\"i-1\"";
    std::string key = good_key();
    std::string nonces = "[" + json_string(nonce) + "]";
};

std::string row(const RawRow& raw) {
    return "{\"instance_id\":" + raw.id + ",\"e2e_pubkey\":" + raw.key + ",\"nonces\":" + raw.nonces + "}";
}

std::string reply(const std::string& rows, const std::string& life = "60") {
    return "{\"instances\":[" + rows + "],\"nonce_expires_in\":" + life + "}";
}

TEST(parse_discovered, reads_what_the_protocol_describes) {
    const auto parsed = parse_discovered(
        reply(row({}) + "," +
              row({.id = "\"i-2\"", .nonces = "[" + json_string(nonce + "1") + "," + json_string(nonce + "2") + "]"})));
    ASSERT_TRUE(parsed) << parsed.error().detail;
    ASSERT_EQ(parsed->instances.size(), 2U);
    EXPECT_EQ(parsed->instances[0].id.text(), "i-1");
    EXPECT_EQ(parsed->instances[0].nonces[0].reveal(), nonce);
    EXPECT_EQ(parsed->instances[0].key->base64, test::any_key()->base64);
    EXPECT_TRUE(parsed->instances[0].key->key.encapsulate());
    EXPECT_EQ(parsed->instances[1].nonces.size(), 2U);
    EXPECT_EQ(parsed->nonces_live_for, std::chrono::seconds(60));
    EXPECT_EQ(parsed->rows_skipped, 0U);
}

TEST(parse_discovered, an_instance_id_that_could_harm_a_header_is_skipped) {
    for (const char* id : {R"("a\r\nX-Evil: 1")", R"("a\nb")", R"("a b")", R"("a:b")", R"("\u00e9")", R"("a\u0000")", R"("")",
                           "7", "null", R"(["i"])"}) {
        const auto parsed = parse_discovered(reply(row({.id = id}) + "," + row({})));
        ASSERT_TRUE(parsed) << id;
        ASSERT_EQ(parsed->instances.size(), 1U) << id;
        EXPECT_EQ(parsed->instances[0].id.text(), "i-1");
        EXPECT_EQ(parsed->rows_skipped, 1U) << id;
    }
}

TEST(parse_discovered, a_nonce_that_could_harm_a_header_is_dropped) {
    for (const std::string& bad :
         {json_string(nonce + "\r\nX-Evil: 1"), json_string(nonce + " "), json_string(nonce + "\n"), json_string(nonce + "="),
          json_string("short"), json_string(std::string(129, 'x')), std::string("1"), std::string("null")}) {
        const auto parsed = parse_discovered(reply(row({.nonces = "[" + bad + "," + json_string(nonce) + "]"})));
        ASSERT_TRUE(parsed) << bad;
        ASSERT_EQ(parsed->instances[0].nonces.size(), 1U) << bad;
        EXPECT_EQ(parsed->instances[0].nonces[0].reveal(), nonce);
    }
}

TEST(parse_discovered, an_instance_without_a_valid_key_is_skipped) {
    std::string bytes(1184, '\xff');  // every coefficient is over the modulus (FIPS 203 §7.2)
    const std::string over_modulus = json_string(base::base64_encode(base::as_bytes(bytes)));
    for (const std::string& key :
         {over_modulus, json_string(""), json_string("not base64"), json_string("AAAA"), std::string("null"), std::string("1"),
          json_string(test::any_key()->base64 + "AAAA"), json_string(test::any_key()->base64 + "\n")}) {
        const auto parsed = parse_discovered(reply(row({.key = key}) + "," + row({.id = "\"i-2\""})));
        ASSERT_TRUE(parsed);
        ASSERT_EQ(parsed->instances.size(), 1U);
        EXPECT_EQ(parsed->instances[0].id.text(), "i-2");
    }
}

TEST(parse_discovered, a_reply_without_any_usable_instance_is_broken) {
    for (const std::string& rows : {row({.id = "\"a b\""}), row({.key = "\"\""}), row({.nonces = "[]"}),
                                    row({.nonces = "null"}), std::string("1,null,[]")}) {
        const auto parsed = parse_discovered(reply(rows));
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().kind, ErrorKind::upstream_broken);
    }
}

TEST(parse_discovered, what_is_not_the_document_is_broken_and_an_empty_list_is_no_instance) {
    for (const char* text : {"", "<html>", "[]", "{}", R"({"instances":{}})", R"({"instances":null})"}) {
        ASSERT_FALSE(parse_discovered(text)) << text;
        EXPECT_EQ(parse_discovered(text).error().kind, ErrorKind::upstream_broken) << text;
    }
    EXPECT_EQ(parse_discovered(R"({"instances":[],"nonce_expires_in":60})").error().kind, ErrorKind::no_instance);
}

TEST(parse_discovered, the_life_of_nonces_is_held_between_a_second_and_ten_minutes) {
    struct Case {
        const char* written;
        int meant;
    };
    for (const auto& [written, meant] : {Case{"60", 60},
                                         {"59.9", 59},
                                         {"0", 1},
                                         {"-5", 1},
                                         {"1e300", 600},
                                         {"601", 600},
                                         {"null", 60},
                                         {"\"60\"", 60},
                                         {"1e400", 60}}) {
        EXPECT_EQ(parse_discovered(reply(row({}), written))->nonces_live_for, std::chrono::seconds(meant)) << written;
    }
    EXPECT_EQ(parse_discovered("{\"instances\":[" + row({}) + "]}")->nonces_live_for, std::chrono::seconds(60));
}

TEST(parse_discovered, instances_and_nonces_over_the_limits_are_left_out) {
    std::string nonces = "[";
    for (std::size_t i = 0; i < base::limits::nonces_per_instance_max + 10; ++i)
        nonces += (i ? "," : "") + json_string(nonce + std::to_string(i));
    EXPECT_EQ(parse_discovered(reply(row({.nonces = nonces + "]"})))->instances[0].nonces.size(),
              base::limits::nonces_per_instance_max);

    std::string rows = row({});
    for (std::size_t i = 0; i < base::limits::instances_per_reply_max + 10; ++i)
        rows += "," + row({.id = json_string("x" + std::to_string(i))});
    EXPECT_EQ(parse_discovered(reply(rows))->instances.size(), base::limits::instances_per_reply_max);
}

}  // namespace
}  // namespace discovery
