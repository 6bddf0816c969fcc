#include "json/json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using base::ErrorKind;
using json::Kind;
using json::parse;
using json::Value;

std::string repeat(std::string_view piece, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out.append(piece);
    return out;
}

std::string round_trip(std::string_view text) {
    const auto document = parse(text);
    return document ? document->root().dump() : "refused: " + document.error().detail;
}

TEST(json, numbers_keep_the_text_they_were_written_as) {
    for (const char* number : {"1e400", "123456789012345678901234567890", "-0", "1.0", "1.00", "1E+2", "1e-999", "0.1",
                               "-0.0e-0", "9223372036854775808", "3.141592653589793238462643383279"}) {
        EXPECT_EQ(round_trip(number), number);
        EXPECT_EQ(parse(number)->root().as_number_text(), number);
        const std::string nested = "{\"n\":[" + std::string(number) + "," + number + "]}";
        EXPECT_EQ(round_trip(nested), nested);
    }
}

TEST(json, only_an_integer_that_fits_is_an_integer) {
    EXPECT_EQ(parse("0")->root().as_integer(), 0);
    EXPECT_EQ(parse("-0")->root().as_integer(), 0);
    EXPECT_EQ(parse("9223372036854775807")->root().as_integer(), INT64_MAX);
    EXPECT_EQ(parse("-9223372036854775808")->root().as_integer(), INT64_MIN);
    for (const char* other : {"9223372036854775808", "1.0", "1e3", "\"1\"", "true", "null", "[1]"}) {
        EXPECT_EQ(parse(other)->root().as_integer(), std::nullopt) << other;
    }
}

TEST(json, a_number_out_of_the_range_of_double_has_no_double) {
    EXPECT_EQ(parse("0.5")->root().as_double(), 0.5);
    EXPECT_EQ(parse("-12e2")->root().as_double(), -1200);
    EXPECT_EQ(parse("1e400")->root().as_double(), std::nullopt);
    EXPECT_EQ(parse("\"1\"")->root().as_double(), std::nullopt);
}

TEST(json, text_that_is_not_exactly_one_value_is_refused) {
    for (const char* text :
         {"",         " ",   "{",   "}",   "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}",    "{'a':1}",   "[1 2]",    "truex",
          "True",     "nul", "1 2", "{}x", "{}{}", "\"",         "\"\\x\"", "\"a\nb\"", "// c\n1",   "/* c */1", "NaN",
          "Infinity", "-",   "+1",  "01",  "1.",   ".5",         "1e",      "0x10",     "\"\\u12\"", "]["}) {
        const auto document = parse(text);
        ASSERT_FALSE(document) << text;
        EXPECT_EQ(document.error().kind, ErrorKind::bad_request);
    }
}

TEST(json, a_nul_byte_is_refused_wherever_it_stands) {
    using namespace std::string_literals;
    for (const std::string& text : {"{}\0"s, "\0{}"s, "\"a\0b\""s, "[1\0]"s, "\0"s}) EXPECT_FALSE(parse(text));
    EXPECT_EQ(parse("\"a\\u0000b\"")->root().as_string(), "a\0b"s);
}

TEST(json, a_lone_surrogate_is_refused_and_a_pair_is_one_character) {
    for (const char* text :
         {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\u0041")", R"("\udc00\ud800")", R"({"\ud800":1})"}) {
        EXPECT_FALSE(parse(text)) << text;
    }
    EXPECT_EQ(parse(R"("\ud83d\ude00")")->root().as_string(), "\xF0\x9F\x98\x80");
}

TEST(json, utf8_that_unicode_forbids_is_refused) {
    for (const char* bytes : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80",
                              "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                              "\xFE", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2\x28\xA1"}) {
        EXPECT_FALSE(parse("\"" + std::string(bytes) + "\""));
        EXPECT_FALSE(parse("{\"" + std::string(bytes) + "\":1}"));
        EXPECT_FALSE(parse("\"long enough to leave the fast path " + std::string(bytes) + " of any reader\""));
    }
    EXPECT_EQ(
        round_trip("\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\""),
        "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"");
}

TEST(json, the_depth_limit_is_exact_and_counts_no_brackets_inside_strings) {
    EXPECT_TRUE(parse(repeat("[", 256) + repeat("]", 256)));
    EXPECT_FALSE(parse(repeat("[", 257) + repeat("]", 257)));
    EXPECT_FALSE(parse(repeat("{\"a\":", 257) + "1" + repeat("}", 257)));
    EXPECT_TRUE(parse("\"" + repeat("[{", 1000) + "\"", 0));
    EXPECT_TRUE(parse("\"\\\"" + repeat("[", 1000) + "\\\\\"", 0));
    EXPECT_TRUE(parse("[" + repeat("[],", 1000) + "{}]", 2));
    EXPECT_FALSE(parse("[]", 0));
}

TEST(json, nesting_of_any_depth_is_refused_without_recursion) {
    for (const std::size_t depth : {100'000U, 10'000'000U}) {
        for (const char* open : {"[", "{\"a\":"}) {
            const auto document = parse(repeat(open, depth));
            ASSERT_FALSE(document);
            EXPECT_EQ(document.error().kind, ErrorKind::bad_request);
        }
    }
}

TEST(json, more_values_than_the_limit_are_refused) {
    EXPECT_TRUE(parse("[" + repeat("0,", 1'000'000) + "0]"));
    EXPECT_FALSE(parse("[" + repeat("0,", base::limits::json_values_max) + "0]"));
    EXPECT_TRUE(parse("\"" + repeat(",", base::limits::json_values_max + 1) + "\""));
}

TEST(json, an_error_tells_the_place_and_nothing_of_the_text) {
    const auto document = parse("{\"secret prompt\":zebra}");
    ASSERT_FALSE(document);
    EXPECT_NE(document.error().detail.find("byte 17"), std::string::npos) << document.error().detail;
    EXPECT_EQ(document.error().detail.find("secret"), std::string::npos);
    EXPECT_EQ(document.error().detail.find("zebra"), std::string::npos);
}

TEST(json, an_absent_value_answers_nothing_and_chains) {
    const auto document = parse(R"({"a":{"b":"x"},"n":null})");
    EXPECT_EQ(document->root()["a"]["b"].as_string(), "x");
    const Value absent = document->root()["no"]["such"]["thing"];
    EXPECT_FALSE(absent.present());
    EXPECT_TRUE(absent.is_null_or_absent());
    EXPECT_EQ(absent.kind(), std::nullopt);
    EXPECT_EQ(absent.as_bool(), std::nullopt);
    EXPECT_EQ(absent.as_string(), std::nullopt);
    EXPECT_EQ(absent.as_integer(), std::nullopt);
    EXPECT_EQ(absent.size(), 0U);
    EXPECT_EQ(absent.dump(), "null");
    for (const Value element : absent.elements()) ADD_FAILURE() << element.dump();
    for (const auto& [name, value] : absent.members()) ADD_FAILURE() << name;
    EXPECT_TRUE(document->root()["n"].present());
    EXPECT_TRUE(document->root()["n"].is_null_or_absent());
}

TEST(json, every_kind_is_told_apart) {
    const auto document = parse(R"([null,true,1,"s",[],{}])");
    std::vector<Kind> kinds;
    for (const Value element : document->root().elements()) kinds.push_back(*element.kind());
    EXPECT_EQ(kinds, (std::vector{Kind::null, Kind::boolean, Kind::number, Kind::string, Kind::array, Kind::object}));
    EXPECT_TRUE(document->root().is(Kind::array));
    EXPECT_EQ(document->root().size(), 6U);
}

TEST(json, members_and_elements_come_in_the_order_they_were_written) {
    const auto document = parse(R"({"z":1,"a":[[1,2],{"k":[]},"x"],"z":3,"":4})");
    std::string seen;
    for (const auto& [name, value] : document->root().members()) seen += std::string(name) + "=" + value.dump() + ";";
    EXPECT_EQ(seen, R"(z=1;a=[[1,2],{"k":[]},"x"];z=3;=4;)");
    std::string elements;
    for (const Value element : document->root()["a"].elements()) elements += element.dump() + ";";
    EXPECT_EQ(elements, R"([1,2];{"k":[]};"x";)");
    EXPECT_EQ(document->root()["z"].as_integer(), 1);
}

TEST(json, walking_a_long_array_is_linear) {
    const auto document = parse("[" + repeat("[[0]],", 300'000) + "0]");
    const auto start = std::chrono::steady_clock::now();
    std::size_t count = 0;
    for (const Value element : document->root().elements()) count += element.present() ? 1 : 0;
    EXPECT_EQ(count, 300'001U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));  // quadratic: minutes
}

TEST(json, dump_is_compact_and_leaves_utf8_and_slashes_alone) {
    EXPECT_EQ(
        round_trip(" { \"a\" : [ 1 , { } , [ ] , \"\" ] , \"\\u00e9\\/\" : \"\\u65e5\xE6\x9C\xAC/\\n\\u0001\\\"\\\\\" } "),
        "{\"a\":[1,{},[],\"\"],\"\xC3\xA9/\":\"\xE6\x97\xA5\xE6\x9C\xAC/\\n\\u0001\\\"\\\\\"}");
}

TEST(json, a_member_that_stands_twice_is_named) {
    EXPECT_EQ(json::duplicate_member(parse(R"({"a":1,"b":2,"model":{"a":1,"a":1}})")->root()), std::nullopt);
    EXPECT_EQ(json::duplicate_member(parse(R"({"a":1,"model":"x","mod\u0065l":"y"})")->root()), "model");
    EXPECT_EQ(json::duplicate_member(parse("[1,1]")->root()), std::nullopt);
}

}  // namespace
