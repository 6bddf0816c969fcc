// The worked cases of requests (test/vectors/formats).
#include "api/request_support.h"

#include <gtest/gtest.h>

namespace {

using api::Dialect;

void check(json::Value test, Dialect dialect) {
    const std::string id(*test["case"].as_string());
    const auto request = api::Request::read(dialect, "/", test["request"].dump());
    if (const json::Value refused = test["refused"]; refused.present()) {
        ASSERT_FALSE(request.has_value()) << id;
        const api::Failure& failure = request.error();
        EXPECT_EQ(static_cast<std::int64_t>(failure.status), refused["status"].as_integer()) << id;
        EXPECT_EQ(failure.message, refused["message"].as_string()) << id;
        if (dialect == Dialect::messages) return;  // its errors have no param and no code
        EXPECT_EQ(failure.param, refused["param"].as_string().value_or("")) << id;
        EXPECT_EQ(failure.code, refused["code"].as_string().value_or("")) << id;
        return;
    }
    ASSERT_TRUE(request.has_value()) << id << ": " << request.error().message;
    const std::string body = request->body_for(base::ModelName(std::string(request->model())), {});
    EXPECT_EQ(request_test::canonical(body), request_test::canonical(test["sent"].dump())) << id;
    EXPECT_EQ(request->upstream_path(), "/v1/chat/completions");
}

TEST(request_cases, claude_requests_are_mapped_as_worked_out) {
    const auto cases = request_test::worked_cases("messages_requests.jsonl");
    EXPECT_EQ(cases.size(), 32U);
    for (const json::Document& test : cases) check(test.root(), Dialect::messages);
}

TEST(request_cases, responses_requests_are_mapped_as_worked_out) {
    const auto cases = request_test::worked_cases("responses_requests.jsonl");
    EXPECT_EQ(cases.size(), 22U);
    for (const json::Document& test : cases) check(test.root(), Dialect::responses);
}

}  // namespace
