#include "proxy/refusal.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using proxy::judge_refusal;
using proxy::Refusal;

struct Case {
    unsigned status;
    const char* detail;
    Refusal refusal;
};

// The table of docs/protocol.md, "Invocation".
constexpr Case table[] = {
    {403, "Invalid, expired, or already-used nonce", Refusal::nonce},
    {404, "Instance not found", Refusal::instance},
    {410, "Instance is no longer active", Refusal::instance},
    {429, "Instance is at maximum capacity, try again later", Refusal::instance_full},
    {502, "Instance requires key exchange, try a different instance", Refusal::instance},
    {500, "Internal error during E2E invocation", Refusal::instance},
    {429, "Instance returned status 429", Refusal::instance_status},
    {503, "Instance returned status 503", Refusal::instance_status},
    {400, "Instance does not belong to the specified chute", Refusal::wrong_chute},
    {403, "Instance returned status 403", Refusal::pass_on},
    {400, "c29tZSBvcGFxdWUgYnl0ZXM=", Refusal::pass_on},
    {401, "Invalid API key", Refusal::pass_on},
    {402, "Quota exceeded and account balance is $0.0", Refusal::pass_on},
    {429, "Too many requests", Refusal::pass_on},
    {503, "E2E invocation is disabled", Refusal::pass_on},
};

TEST(refusal, follows_the_table_of_the_protocol) {
    for (const Case& each : table) {
        EXPECT_EQ(judge_refusal(each.status, std::string(R"({"detail":")") + each.detail + R"("})"), each.refusal)
            << each.detail;
    }
}

TEST(refusal, the_right_words_with_another_status_are_not_believed) {
    EXPECT_EQ(judge_refusal(200, R"({"detail":"Instance not found"})"), Refusal::pass_on);
    EXPECT_EQ(judge_refusal(401, R"({"detail":"Invalid, expired, or already-used nonce"})"), Refusal::pass_on);
}

TEST(refusal, an_answer_of_another_shape_is_passed_on) {
    for (const char* body :
         {"", "<html>502</html>", "[]", "null", R"({"detail":{"message":"Instance not found"}})", R"({"detail":[]})"}) {
        EXPECT_EQ(judge_refusal(502, body), Refusal::pass_on) << body;
    }
}

}  // namespace
