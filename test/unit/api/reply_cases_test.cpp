// The worked cases of replies (test/vectors/formats): each stream in one write, byte by byte, and with each event cut in two.
#include "api/reply_support.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

using api::Dialect;
using reply_test::Comparison;

std::vector<json::Document> cases(std::string_view kind) {
    const char* shared = std::getenv("E2EE_SHARED_DIR");
    std::ifstream file(E2EE_SOURCE_DIR "/test/vectors/formats/cases.jsonl");
    if (!file) file.open(std::string(shared == nullptr ? E2EE_SOURCE_DIR "/../shared" : shared) + "/formats/cases.jsonl");
    std::vector<json::Document> found;
    for (std::string line; std::getline(file, line);) {
        auto parsed = json::parse(line);
        if (parsed && parsed->root()["kind"].as_string() == kind) found.push_back(std::move(*parsed));
    }
    return found;
}

void check_stream(json::Value test, Dialect dialect) {
    const api::ReplyContext context = reply_test::context_of(dialect, test["request"].dump());
    const std::string_view upstream = *test["upstream"].as_string();
    for (const reply_test::Cut how : reply_test::all_cuts) {
        const reply_test::Seen seen = reply_test::run(context, reply_test::cut(upstream, how));
        const json::Document events = reply_test::events_of(seen.bytes);
        const json::Document actual = reply_test::condensed(events.root());
        const json::Document expected = reply_test::condensed(test["expected"]);
        Comparison comparison(upstream);
        EXPECT_EQ(comparison.difference(expected.root(), actual.root()), "") << *test["id"].as_string() << " " << int(how);
        if (const auto status = test["http_if_nothing_sent_yet"].as_integer()) {
            EXPECT_TRUE(seen.nothing_before_failure);
            EXPECT_EQ(seen.failure.value().status, *status);
        }
    }
}

void check_whole(json::Value test, Dialect dialect) {
    const api::ReplyContext context = reply_test::context_of(dialect, test["request"].dump());
    const std::string upstream = test["upstream"].dump();
    const auto reply = api::whole_reply(context, reply_test::stamp, upstream);
    ASSERT_TRUE(reply.has_value()) << reply.error().message;
    const auto actual = json::parse(*reply);
    ASSERT_TRUE(actual.has_value());
    Comparison comparison(upstream);
    EXPECT_EQ(comparison.difference(test["expected"], actual->root()), "") << *test["id"].as_string();
}

TEST(reply_cases, claude_streams_are_as_worked_out_however_they_are_cut) {
    const auto found = cases("claude_stream");
    if (found.empty()) GTEST_SKIP() << "the worked cases are not here";
    EXPECT_EQ(found.size(), 30U);
    for (const json::Document& test : found) check_stream(test.root(), Dialect::messages);
}

TEST(reply_cases, responses_streams_are_as_worked_out_however_they_are_cut) {
    const auto found = cases("resp_stream");
    if (found.empty()) GTEST_SKIP() << "the worked cases are not here";
    EXPECT_EQ(found.size(), 18U);
    for (const json::Document& test : found) check_stream(test.root(), Dialect::responses);
}

TEST(reply_cases, whole_claude_messages_are_as_worked_out) {
    const auto found = cases("claude_resp");
    if (found.empty()) GTEST_SKIP() << "the worked cases are not here";
    EXPECT_EQ(found.size(), 10U);
    for (const json::Document& test : found) check_whole(test.root(), Dialect::messages);
}

TEST(reply_cases, whole_responses_are_as_worked_out) {
    const auto found = cases("resp_resp");
    if (found.empty()) GTEST_SKIP() << "the worked cases are not here";
    EXPECT_EQ(found.size(), 6U);
    for (const json::Document& test : found) check_whole(test.root(), Dialect::responses);
}

}  // namespace
