#include "json/json.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using json::Writer;

TEST(json_writer, puts_in_commas_and_colons_by_itself) {
    Writer writer;
    const auto document = json::parse("[1e400, {}]");
    writer.begin_object()
        .member("text", "x")
        .member_integer("number", -5)
        .member_boolean("flag", true)
        .member_null("nothing")
        .member_raw("raw", "[1]")
        .member_value("value", document->root())
        .key("list")
        .begin_array()
        .begin_object()
        .end_object()
        .begin_array()
        .end_array()
        .string("s")
        .integer(INT64_MIN)
        .boolean(false)
        .null()
        .end_array()
        .key("empty")
        .begin_object()
        .end_object()
        .end_object();
    EXPECT_EQ(writer.text(), R"({"text":"x","number":-5,"flag":true,"nothing":null,"raw":[1],"value":[1e400,{}],)"
                             R"("list":[{},[],"s",-9223372036854775808,false,null],"empty":{}})");
    EXPECT_TRUE(json::parse(writer.text()));
}

TEST(json_writer, escapes_only_what_must_be) {
    std::string out;
    json::append_string(out, std::string_view("\0\x01\x1f\b\f\n\r\t\"\\/\x7f\xC3\xA9\xE2\x80\xA8", 17));
    EXPECT_EQ(out, "\"\\u0000\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7f\xC3\xA9\xE2\x80\xA8\"");
}

TEST(json_writer, a_string_of_any_characters_comes_back_as_it_was) {
    std::string all;
    for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
    all += "\xC2\x80\xE6\x97\xA5\xF0\x9F\x98\x80";
    std::string out;
    json::append_string(out, all);
    EXPECT_EQ(json::parse(out)->root().as_string(), all);
}

}  // namespace
