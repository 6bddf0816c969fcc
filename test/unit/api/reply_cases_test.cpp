// The worked cases of replies (test/vectors/formats): each stream in one write, byte by byte, and with each event cut in two.
#include "api/reply_support.h"
#include "api/request_support.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using api::Dialect;
using reply_test::Comparison;

void check_stream(json::Value test, Dialect dialect) {
    const api::ReplyContext context = reply_test::context_of(dialect, test["request"].dump());
    const std::string_view upstream = *test["instance"].as_string();
    for (const reply_test::Cut how : reply_test::all_cuts) {
        const reply_test::Seen seen = reply_test::run(context, reply_test::cut(upstream, how));
        const json::Document events = reply_test::events_of(seen.bytes);
        const json::Document actual = reply_test::condensed(events.root());
        const json::Document expected = reply_test::condensed(test["events"]);
        Comparison comparison(upstream);
        EXPECT_EQ(comparison.difference(expected.root(), actual.root()), "") << *test["case"].as_string() << " " << int(how);
        if (const auto status = test["status_if_nothing_was_sent"].as_integer()) {
            EXPECT_TRUE(seen.nothing_before_failure);
            EXPECT_EQ(seen.failure.value().status, *status);
        }
    }
}

void check_whole(json::Value test, Dialect dialect) {
    const api::ReplyContext context = reply_test::context_of(dialect, test["request"].dump());
    const std::string upstream = test["instance"].dump();
    const auto reply = api::whole_reply(context, reply_test::stamp, upstream);
    ASSERT_TRUE(reply.has_value()) << reply.error().message;
    const auto actual = json::parse(*reply);
    ASSERT_TRUE(actual.has_value());
    Comparison comparison(upstream);
    EXPECT_EQ(comparison.difference(test["reply"], actual->root()), "") << *test["case"].as_string();
}

TEST(reply_cases, claude_streams_are_as_worked_out_however_they_are_cut) {
    const auto found = request_test::worked_cases("messages_streams.jsonl");
    EXPECT_EQ(found.size(), 30U);
    for (const json::Document& test : found) check_stream(test.root(), Dialect::messages);
}

TEST(reply_cases, responses_streams_are_as_worked_out_however_they_are_cut) {
    const auto found = request_test::worked_cases("responses_streams.jsonl");
    EXPECT_EQ(found.size(), 18U);
    for (const json::Document& test : found) check_stream(test.root(), Dialect::responses);
}

TEST(reply_cases, whole_claude_messages_are_as_worked_out) {
    const auto found = request_test::worked_cases("messages_replies.jsonl");
    EXPECT_EQ(found.size(), 10U);
    for (const json::Document& test : found) check_whole(test.root(), Dialect::messages);
}

TEST(reply_cases, whole_responses_are_as_worked_out) {
    const auto found = request_test::worked_cases("responses_replies.jsonl");
    EXPECT_EQ(found.size(), 6U);
    for (const json::Document& test : found) check_whole(test.root(), Dialect::responses);
}

}  // namespace
