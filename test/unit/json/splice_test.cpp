// Splicing: the client's bytes stay what they were.
#include "json/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using json::append_member;
using json::member_spans;
using json::RawMember;
using json::set_members;

TEST(json_splice, spans_find_every_top_level_value_and_no_other) {
    const std::string text =
        " {\t\"a\" : 1e400 , \"b{\\\"\":\"},\\\"]\\\\\", \"c\":[{\"x\":\"]\"},2]\n,\"d\":{\"a\":{}},\"e\":null ,\"\":-0} \r\n";
    std::vector<std::string> seen;
    for (const auto& [name, begin, end] : member_spans(text)) {
        seen.push_back(std::string(name) + "=" + text.substr(begin, end - begin));
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"a=1e400", "b{\\\"=\"},\\\"]\\\\\"", "c=[{\"x\":\"]\"},2]", "d={\"a\":{}}",
                                              "e=null", "=-0"}));
    EXPECT_TRUE(member_spans("{ }").empty());
    EXPECT_TRUE(member_spans("[{\"a\":1}]").empty());
    EXPECT_TRUE(member_spans("\"{\"").empty());
}

TEST(json_splice, append_puts_the_member_last_and_changes_no_other_byte) {
    EXPECT_EQ(append_member(R"({"a":1})", "b", "2"), R"({"a":1,"b":2})");
    EXPECT_EQ(append_member("{}", "b", "2"), R"({"b":2})");
    EXPECT_EQ(append_member(" { \n} \n", "b", "[]"), " {\"b\":[] \n} \n");
    EXPECT_EQ(append_member("{\n  \"a\": {}\n}\r\n", "b", "\"x\""), "{\n  \"a\": {},\"b\":\"x\"\n}\r\n");
    EXPECT_EQ(append_member(R"({"a":"}"})", "q\"", "1"), R"({"a":"}","q\"":1})");
    EXPECT_EQ(append_member(R"({"a":"{"})", "b", "1"), R"({"a":"{","b":1})");
}

TEST(json_splice, set_replaces_a_value_where_it_stands_and_keeps_every_other_byte) {
    const std::string text =
        "{ \"big\" : 123456789012345678901234567890,\"model\" :\t\"old\" , \"t\":[ "
        "],\"o\":{\"model\":\"inner\"},\"u\":\"\\u00e9\" }\n";
    const RawMember model{"model", "\"new\""};
    EXPECT_EQ(set_members(text, {&model, 1}),
              "{ \"big\" : 123456789012345678901234567890,\"model\" :\t\"new\" , \"t\":[ "
              "],\"o\":{\"model\":\"inner\"},\"u\":\"\\u00e9\" }\n");
}

TEST(json_splice, set_appends_what_stands_nowhere) {
    const std::vector<RawMember> both{{"model", "\"m\""}, {"chat_template_kwargs", "{\"thinking\":true}"}};
    EXPECT_EQ(set_members(R"({"model":"x","n":1.0})", both),
              R"({"model":"m","n":1.0,"chat_template_kwargs":{"thinking":true}})");
    EXPECT_EQ(set_members("{ }", both), R"({"model":"m","chat_template_kwargs":{"thinking":true} })");
    EXPECT_EQ(set_members(R"({"n":1.0})", {}), R"({"n":1.0})");
}

TEST(json_splice, set_knows_a_member_by_its_meaning_and_finds_each_of_its_places) {
    const RawMember model{"model", "\"m\""};
    EXPECT_EQ(set_members(R"({"mod\u0065l":"x","model":[1],"Model":2})", {&model, 1}),
              R"({"mod\u0065l":"m","model":"m","Model":2})");
}

TEST(json_splice, what_is_spliced_parses_as_what_was_meant) {
    for (const char* text : {"{}", " { } ", R"({"a":{"b":[1,"}"]}})", "{\"a\":1\n}\n", R"({"k":"\\"})", R"({"k":"\"}"})"}) {
        const std::string appended = append_member(text, "e2e_response_pk", "\"k==\"");
        const auto document = json::parse(appended);
        ASSERT_TRUE(document) << appended;
        EXPECT_EQ(document->root()["e2e_response_pk"].as_string(), "k==");
        EXPECT_EQ(document->root().size(), json::parse(text)->root().size() + 1);
    }
}

}  // namespace
