// The chat dialect: the client's bytes reach the instance, and what is refused.
#include "api/request.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using api::Dialect;
using api::Request;

constexpr const char* chat = "/v1/chat/completions";

Request read(std::string body, std::string_view path = chat) {
    auto request = Request::read(Dialect::chat, path, std::move(body));
    EXPECT_TRUE(request.has_value()) << (request ? "" : request.error().message);
    return std::move(*request);
}

std::string sent(std::string body, const char* exact, api::Switches switches = {}, std::string_view path = chat) {
    return read(std::move(body), path).body_for(base::ModelName(exact), switches);
}

api::Failure refusal(std::string body) {
    const auto request = Request::read(Dialect::chat, chat, std::move(body));
    EXPECT_FALSE(request.has_value());
    return request ? api::Failure{} : request.error();
}

TEST(chat_request, bytes_are_kept_when_no_rule_changes_anything) {
    const std::string body =
        "  {\"seed\" : 123456789012345678, \"stop\":[] ,\n\"model\":\"m\",\"x\":1e400, \"required\":[], \"u\":\"\\u00e9\\/\","
        "\"tools\":null }\r\n ";
    EXPECT_EQ(sent(body, "m"), body);
}

TEST(chat_request, only_the_model_changes_when_the_exact_name_differs) {
    EXPECT_EQ(sent(R"( {"a":1.0, "model" : "alias" , "z":[ ]} )", "org/Exact"),
              R"( {"a":1.0, "model" : "org/Exact" , "z":[ ]} )");
    EXPECT_EQ(sent(R"({"mod\u0065l":"alias"})", "x"), R"({"mod\u0065l":"x"})");
}

TEST(chat_request, the_thinking_suffix_goes_and_turns_thinking_on) {
    EXPECT_EQ(sent(R"({"model":"m:THINKING","a":[]})", "m"),
              R"({"model":"m","a":[],"chat_template_kwargs":{"thinking":true,"enable_thinking":true}})");
    EXPECT_EQ(sent(R"({"chat_template_kwargs": null, "model":"m:THINKING"})", "m"),
              R"({"chat_template_kwargs": {"thinking":true,"enable_thinking":true}, "model":"m"})");
}

TEST(chat_request, a_suffix_elsewhere_or_in_the_exact_name_turns_nothing_on) {
    EXPECT_EQ(sent(R"({"model":"m:THINKING-x"})", "m:THINKING-x"), R"({"model":"m:THINKING-x"})");
    EXPECT_EQ(sent(R"({"model":"m:THINKING"})", "m:THINKING"), R"({"model":"m:THINKING"})");
}

TEST(chat_request, the_header_turns_thinking_on_and_other_kwargs_stay) {
    EXPECT_EQ(sent(R"({"model":"m","chat_template_kwargs":{"k":1e5,"thinking":false}})", "m", {.thinking_header = true}),
              R"({"model":"m","chat_template_kwargs":{"k":1e5,"thinking":true,"enable_thinking":true}})");
}

TEST(chat_request, a_model_default_goes_by_the_exact_name) {
    EXPECT_EQ(sent(R"({"model":"alias"})", "zai-org/GLM-4.7-TEE"),
              R"({"model":"zai-org/GLM-4.7-TEE","chat_template_kwargs":{"thinking":true,"enable_thinking":true}})");
}

TEST(chat_request, other_paths_know_no_thinking_switches) {
    const std::string body = R"({"model":"m:THINKING","input":"x","chat_template_kwargs":7})";
    EXPECT_EQ(sent(body, "m", {.thinking_header = true}, "/v1/embeddings"),
              R"({"model":"m","input":"x","chat_template_kwargs":7})");
    EXPECT_EQ(read(body, "/v1/embeddings").upstream_path(), "/v1/embeddings");
    EXPECT_EQ(sent(R"({"model":"zai-org/GLM-4.7"})", "zai-org/GLM-4.7", {}, "/v1/completions"),
              R"({"model":"zai-org/GLM-4.7"})");
}

TEST(chat_request, what_the_reply_side_needs_is_read_off) {
    const Request plain = read(R"({"model":"m:THINKING","stream":null})");
    EXPECT_EQ(plain.model(), "m:THINKING");
    EXPECT_FALSE(plain.stream());
    EXPECT_FALSE(plain.reply_context().include_usage);
    EXPECT_EQ(plain.upstream_path(), chat);
    const Request stream = read(R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_TRUE(stream.stream());
    EXPECT_TRUE(stream.reply_context().stream);
    EXPECT_TRUE(stream.reply_context().include_usage);
    EXPECT_FALSE(read(R"({"model":"m","stream_options":null})").reply_context().include_usage);
}

TEST(chat_request, what_cannot_be_used_is_refused_with_the_member_named) {
    struct Case {
        const char* body;
        const char* message;
    };
    for (const auto& [body, message] : std::initializer_list<Case>{
             {"[]", "the request body must be a JSON object"},
             {"\"x\"", "the request body must be a JSON object"},
             {"{}", "model: is required"},
             {R"({"model":null})", "model: is required"},
             {R"({"model":7})", "model: must be a string"},
             {R"({"model":""})", "model: must not be empty"},
             {R"({"model":"m","stream":"yes"})", "stream: must be a boolean"},
             {R"({"model":"m","stream":1})", "stream: must be a boolean"},
             {R"({"model":"m","a":1,"a":1})", "a: stands twice in the request"},
             {R"({"model":"m","mod\u0065l":"m"})", "model: stands twice in the request"},
             {R"({"model":"m","e2e_response_pk":"x"})", "e2e_response_pk: is set by this proxy and must not be sent"},
             {R"({"model":"m","e2e_respons\u0065_pk":null})", "e2e_response_pk: is set by this proxy and must not be sent"},
             {R"({"model":"m","chat_template_kwargs":[]})", "chat_template_kwargs: must be an object"},
         }) {
        const api::Failure failure = refusal(body);
        EXPECT_EQ(failure.message, message) << body;
        EXPECT_EQ(failure.status, 400U) << body;
    }
}

TEST(chat_request, text_that_is_not_json_is_refused) {
    for (const std::string& body : {std::string(), std::string("{"), std::string(R"({"model":"m"} x)"),
                                    std::string("{\"model\":\"\xFF\"}"), std::string(100'000, '[')}) {
        const api::Failure failure = refusal(body);
        EXPECT_EQ(failure.status, 400U);
        EXPECT_FALSE(failure.message.empty());
    }
}

TEST(chat_request, a_model_name_has_a_limit) {
    EXPECT_TRUE(Request::read(Dialect::chat, chat, R"({"model":")" + std::string(512, 'm') + "\"}").has_value());
    EXPECT_EQ(refusal(R"({"model":")" + std::string(513, 'm') + "\"}").message, "model: must not be longer than 512 bytes");
}

TEST(chat_request, the_path_is_not_taken_for_the_chat_path_by_its_start) {
    EXPECT_EQ(sent(R"({"model":"m:THINKING"})", "m", {}, "/v1/chat/completions/x"), R"({"model":"m"})");
}

TEST(conversation_hints, every_source_is_read_and_nothing_is_an_error) {
    const Request request = read(
        R"({"model":"m","prompt_cache_key":"k","user":"u2","metadata":{"user_id":"u1"},"messages":[
            {"role":"developer","content":[{"type":"text","text":"sys"}]},{"role":"system","content":"later"},
            {"role":"user","content":[{"type":"text","text":"context"},{"type":"text","text":"question"}]},
            {"role":"user","content":"second"}]})");
    EXPECT_EQ(request.hints().prompt_cache_key, "k");
    EXPECT_EQ(request.hints().user, "u1");
    EXPECT_EQ(request.hints().system, "sys");
    EXPECT_EQ(request.hints().first_user, "question");
    EXPECT_EQ(read(R"({"model":"m","user":"u2","input":"text"})", "/v1/embeddings").hints().user, "u2");
    EXPECT_EQ(read(R"({"model":"m","input":"text"})", "/v1/embeddings").hints().first_user, "text");
    EXPECT_EQ(read(R"({"model":"m","prompt":"p"})", "/v1/completions").hints().first_user, "p");
    const Request odd = read(R"({"model":"m","prompt_cache_key":7,"metadata":"x","system":{},"messages":[7,{"role":7},null]})");
    EXPECT_EQ(odd.hints().prompt_cache_key, "");
    EXPECT_EQ(odd.hints().user, "");
    EXPECT_EQ(odd.hints().system, "");
    EXPECT_EQ(odd.hints().first_user, "");
}

TEST(conversation_hints, the_billing_header_of_claude_code_does_not_count) {
    const Request request = read(
        R"({"model":"m","system":[{"type":"text","text":"x-anthropic-billing-header: cch=1"},{"type":"text","text":"You are"}],
            "messages":[{"role":"user","content":"hi"}]})");
    EXPECT_EQ(request.hints().system, "You are");
    EXPECT_EQ(request.hints().first_user, "hi");
}

}  // namespace
