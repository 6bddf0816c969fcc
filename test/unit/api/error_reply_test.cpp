#include "api/error_reply.h"

#include "api/context_overflow.h"
#include "base/base64.h"
#include "base/limits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using api::Dialect;
using api::Failure;

Failure failure(unsigned status, std::string message) {
    return {status, std::move(message), {}, {}};
}

std::string member(std::string_view body, std::string_view name) {
    const auto parsed = json::parse(body);
    if (!parsed) return "not JSON";
    return parsed->root()["error"][name].dump();
}

TEST(error_reply, an_upstream_status_that_is_no_error_becomes_502) {
    for (const unsigned status : {101U, 201U, 204U, 206U, 301U, 304U, 600U, 999U}) {
        EXPECT_EQ(api::upstream_failure(status, R"({"detail":"fine"})").status, 502U) << status;
    }
}

TEST(error_reply, names_every_status_as_its_dialect_does) {
    struct Row {
        unsigned status;
        const char* claude;
        const char* openai;
        const char* code;
        const char* responses;
    };
    for (const Row& row : std::vector<Row>{
             {400, "invalid_request_error", "invalid_request_error", "null", "invalid_prompt"},
             {401, "authentication_error", "invalid_request_error", "\"invalid_api_key\"", "invalid_prompt"},
             {402, "billing_error", "insufficient_quota", "null", "invalid_prompt"},
             {403, "permission_error", "invalid_request_error", "null", "invalid_prompt"},
             {404, "not_found_error", "invalid_request_error", "\"model_not_found\"", "invalid_prompt"},
             {405, "invalid_request_error", "invalid_request_error", "null", "invalid_prompt"},
             {408, "timeout_error", "server_error", "null", "server_error"},
             {413, "request_too_large", "invalid_request_error", "null", "invalid_prompt"},
             {418, "invalid_request_error", "invalid_request_error", "null", "invalid_prompt"},
             {422, "invalid_request_error", "invalid_request_error", "null", "invalid_prompt"},
             {429, "rate_limit_error", "rate_limit_error", "\"rate_limit_exceeded\"", "rate_limit_exceeded"},
             {500, "api_error", "server_error", "null", "server_error"},
             {502, "api_error", "server_error", "null", "server_error"},
             {503, "overloaded_error", "server_error", "null", "server_error"},
             {504, "timeout_error", "server_error", "null", "server_error"},
             {529, "overloaded_error", "server_error", "null", "server_error"},
         }) {
        SCOPED_TRACE(row.status);
        const Failure boom = failure(row.status, "boom");
        EXPECT_EQ(
            api::error_body(Dialect::messages, boom, "req_1"),
            std::string(R"({"type":"error","error":{"type":")") + row.claude + R"(","message":"boom"},"request_id":"req_1"})");
        const std::string openai =
            std::string(R"({"error":{"message":"boom","type":")") + row.openai + R"(","param":null,"code":)" + row.code + "}}";
        EXPECT_EQ(api::error_body(Dialect::chat, boom, "req_1"), openai);
        EXPECT_EQ(api::error_body(Dialect::responses, boom, "req_1"), openai);
        EXPECT_EQ(api::responses_error(boom), std::string(R"({"code":")") + row.responses + R"(","message":"boom"})");
    }
}

TEST(error_reply, leaves_the_request_id_out_of_a_streams_error_event) {
    EXPECT_EQ(api::error_body(Dialect::messages, failure(500, "x"), ""),
              R"({"type":"error","error":{"type":"api_error","message":"x"}})");
}

TEST(error_reply, keeps_a_parameter_and_a_code_that_were_named) {
    const Failure named{.status = 400, .message = "m", .param = "input", .code = "unsupported_parameter"};
    EXPECT_EQ(api::error_body(Dialect::responses, named, ""),
              R"({"error":{"message":"m","type":"invalid_request_error","param":"input","code":"unsupported_parameter"}})");
}

TEST(error_reply, gives_every_kind_of_our_own_errors_its_status) {
    using enum base::ErrorKind;
    const std::vector<std::pair<base::ErrorKind, unsigned>> table{
        {bad_request, 400},     {unauthorized, 401},      {not_found, 404},      {method_not_allowed, 405},
        {too_large, 413},       {headers_too_large, 431}, {misdirected, 421},    {overloaded, 503},
        {rate_limited, 429},    {no_instance, 503},       {timeout, 504},        {upstream_unreachable, 502},
        {upstream_broken, 502}, {reply_rejected, 502},    {relay_reported, 502}, {internal, 500}};
    for (const auto& [kind, status] : table) {
        EXPECT_EQ(api::status_of(kind), status);
        EXPECT_EQ(api::failure_of({kind, "why"}), failure(status, "why"));
    }
}

TEST(error_reply, finds_the_message_wherever_upstream_put_it) {
    for (const char* body :
         {R"({"error":{"message":"boom"}})", R"({"error":"boom"})", R"({"object":"error","message":"boom","code":400})",
          R"({"detail":"boom"})", R"({"detail":{"message":"boom"}})", R"({"detail":[{"msg":"boom"}]})"}) {
        EXPECT_EQ(api::upstream_failure(400, body), failure(400, "boom")) << body;
    }
    EXPECT_EQ(api::upstream_failure(422, R"({"detail":[{"msg":"a"},{"loc":[]},{"msg":"b"}]})").message, "a; b");
}

TEST(error_reply, never_hands_on_markup_or_silence) {
    for (const char* body : {"", "<html><body>Bad Gateway</body></html>", "Bad Gateway", "{}", "[]", "7", R"({"detail":""})",
                             R"({"detail":"<html>oops</html>"})", R"({"error":{"message":" \n<!doctype html>"}})"}) {
        EXPECT_EQ(api::upstream_failure(502, body), failure(502, "upstream returned HTTP 502")) << body;
    }
}

TEST(error_reply, bounds_an_upstream_message_without_cutting_a_character) {
    const std::size_t most = base::limits::error_message_max;
    const Failure long_one = api::upstream_failure(400, R"({"detail":"x)" + std::string(most - 2, 'y') + "\u00e9 tail\"}");
    EXPECT_EQ(long_one.message.size(), most - 1);
    EXPECT_TRUE(json::parse(api::error_body(Dialect::chat, long_one, "")).has_value());
}

TEST(error_reply, keeps_upstreams_own_parameter_and_text_code) {
    const Failure named =
        api::upstream_failure(400, R"({"error":{"message":"m","type":"BadRequestError","param":"top_k","code":"bad"}})");
    EXPECT_EQ(named.param, "top_k");
    EXPECT_EQ(named.code, "bad");
}

TEST(error_reply, says_that_a_sealed_explanation_cannot_be_read) {
    const std::string sealed = base::base64_encode(base::Bytes(60, 0x5a));
    const Failure said = api::upstream_failure(400, R"({"detail":")" + sealed + R"("})");
    EXPECT_EQ(said.status, 400U);
    EXPECT_EQ(said.message.find(sealed), std::string::npos);
    for (const char* reason : {"model server rejected", "nobody can read", "context length", "parameter", "remote image URL"})
        EXPECT_NE(said.message.find(reason), std::string::npos) << reason;
    EXPECT_EQ(api::upstream_failure(400, R"({"detail":"word"})").message, "word");
}

TEST(error_reply, explains_a_path_that_is_not_public) {
    const Failure said = api::upstream_failure(403, R"({"detail":"Instance returned status 403"})");
    EXPECT_EQ(said.status, 403U);
    EXPECT_NE(said.message.find("not public on the chute"), std::string::npos);
}

TEST(error_reply, makes_a_chute_without_instances_a_503) {
    EXPECT_EQ(api::upstream_failure(404, R"({"detail":"No active instances found for this chute"})").status, 503U);
    EXPECT_EQ(api::upstream_failure(404, R"({"detail":"No E2E-capable instances available"})").status, 503U);
    EXPECT_EQ(api::upstream_failure(404, R"({"detail":"Chute not found"})").status, 404U);
}

TEST(error_reply, knows_an_error_within_a_reply) {
    const auto found = [](std::string_view text) {
        const auto parsed = json::parse(text);
        return api::error_in(parsed.value().root());
    };
    EXPECT_EQ(found(R"({"error":{"message":"boom","type":"InternalServerError","param":null,"code":500}})"),
              failure(500, "boom"));
    EXPECT_EQ(found(R"({"object":"error","message":"busy","type":"ServiceUnavailable","param":null,"code":503})"),
              failure(503, "busy"));
    EXPECT_EQ(found(R"({"error":"plain"})"), failure(500, "plain"));
    EXPECT_EQ(found(R"({"error":{"message":"odd","code":200}})"), failure(500, "odd"));
    EXPECT_EQ(found(R"({"error":{"message":"odd","code":99999999999}})"), failure(500, "odd"));
    EXPECT_EQ(found(R"({"error":{}})"), failure(500, "upstream returned HTTP 500"));
    EXPECT_EQ(found(R"({"error":null,"choices":[]})"), std::nullopt);
    EXPECT_EQ(found(R"({"choices":[]})"), std::nullopt);
    EXPECT_EQ(found("[]"), std::nullopt);
}

TEST(error_reply, makes_up_a_retry_after_only_where_coming_back_helps) {
    EXPECT_EQ(api::retry_after(429, "7"), "7");
    EXPECT_EQ(api::retry_after(400, "7"), "7");
    EXPECT_TRUE(api::retry_after(429, "").has_value());
    EXPECT_TRUE(api::retry_after(503, "").has_value());
    EXPECT_EQ(api::retry_after(400, ""), std::nullopt);
    EXPECT_EQ(api::retry_after(502, ""), std::nullopt);
}

struct Wording {
    const char* text;
    const char* claude;
};

const std::vector<Wording> wordings{
    {"This model's maximum context length is 1000 tokens. However, you requested 1200 tokens (1100 in the messages, 100 in the "
     "completion). Please reduce the length of the messages or completion.",
     "prompt is too long: 1100 tokens > 1000 maximum"},
    {"This model's maximum context length is 1000 tokens. However, you requested 1200 tokens (900 in the messages, 300 in the "
     "completion). Please reduce the length of the messages or completion.",
     "input length and `max_tokens` exceed context limit: 900 + 300 > 1000, decrease input length or `max_tokens` and try "
     "again"},
    {"This model's maximum context length is 16384 tokens. However, you requested 8192 output tokens and your prompt contains "
     "at "
     "least 8193 input tokens, for a total of at least 16385 tokens.",
     "input length and `max_tokens` exceed context limit: 8193 + 8192 > 16384, decrease input length or `max_tokens` and try "
     "again"},
    {"This model's maximum context length is 2048 tokens. However, your request has 8 input tokens plus 2045 'max_tokens'.",
     "input length and `max_tokens` exceed context limit: 8 + 2045 > 2048, decrease input length or `max_tokens` and try "
     "again"},
    {"This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens. Please reduce the "
     "length of "
     "the input messages.",
     "prompt is too long: 5000 tokens > 4096 maximum"},
    {"'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 40960 tokens and "
     "your "
     "request has 10000 input tokens (32000 > 40960 - 10000).",
     "input length and `max_tokens` exceed context limit: 10000 + 32000 > 40960, decrease input length or `max_tokens` and try "
     "again"},
    {"You passed 65537 input tokens and requested 0 output tokens. However, the model's context length is only 65536 tokens, "
     "resulting in a maximum input length of 65536 tokens.",
     "prompt is too long: 65537 tokens > 65536 maximum"},
    {"The decoder prompt (length 8825) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no "
     "smaller than the number of text tokens.",
     "prompt is too long: 8825 tokens > 8192 maximum"},
    {"Requested token count exceeds the model's maximum context length of 262144 tokens. You requested a total of 263925 "
     "tokens: "
     "199925 tokens from the input messages and 64000 tokens for the completion. Please reduce the number of tokens.",
     "input length and `max_tokens` exceed context limit: 199925 + 64000 > 262144, decrease input length or `max_tokens` and "
     "try "
     "again"},
    {"Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total of 524300.0 "
     "tokens: "
     "12 tokens from the input messages and 524288.0 tokens for the completion.",
     "input length and `max_tokens` exceed context limit: 12 + 524288 > 131072, decrease input length or `max_tokens` and try "
     "again"},
    {"The input (516368 tokens) is longer than the model's context length (262144 tokens).",
     "prompt is too long: 516368 tokens > 262144 maximum"},
    {"Input length (131393 tokens) exceeds the maximum allowed length (131040 tokens). Use a shorter input or enable "
     "--allow-auto-truncate.",
     "prompt is too long: 131393 tokens > 131040 maximum"},
};

TEST(error_reply, tells_claude_clients_of_an_overflow_in_the_words_they_recover_from) {
    for (const Wording& wording : wordings) {
        json::Writer quoted;
        quoted.string(wording.claude);
        EXPECT_EQ(member(api::error_body(Dialect::messages, failure(400, wording.text), ""), "message"), quoted.text());
    }
}

TEST(error_reply, tells_openai_clients_of_an_overflow_by_its_code) {
    for (const Wording& wording : wordings) {
        json::Writer quoted;
        quoted.string(wording.text);
        const std::string body = api::error_body(Dialect::responses, failure(400, wording.text), "");
        EXPECT_EQ(member(body, "message"), quoted.text());
        EXPECT_EQ(member(body, "code"), "\"context_length_exceeded\"");
        EXPECT_EQ(member(body, "param"), "\"input\"");
        EXPECT_EQ(api::responses_error(failure(400, wording.text)),
                  R"({"code":"context_length_exceeded","message":)" + quoted.text() + "}");
    }
}

TEST(error_reply, keeps_the_message_of_an_overflow_without_figures) {
    const char* text = "This model's maximum context length is 4096 tokens, which you passed.";
    EXPECT_EQ(member(api::error_body(Dialect::messages, failure(400, text), ""), "message"), std::string("\"") + text + "\"");
    EXPECT_EQ(member(api::error_body(Dialect::responses, failure(400, text), ""), "code"), "\"context_length_exceeded\"");
}

TEST(error_reply, rewords_nothing_but_a_400) {
    EXPECT_EQ(member(api::error_body(Dialect::messages, failure(500, wordings[0].text), ""), "message"),
              std::string("\"") + wordings[0].text + "\"");
    EXPECT_FALSE(api::find_context_overflow("maximum context length is many tokens").has_value());
    EXPECT_FALSE(api::find_context_overflow("maximum context length is 99999999999999999999999 tokens").has_value());
}

}  // namespace
