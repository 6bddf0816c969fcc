// The chat path: bytes are kept, the end is judged.
#include "api/reply_support.h"

#include <gtest/gtest.h>

namespace {

using api::Dialect;
using reply_test::chunk;
using reply_test::content;
using reply_test::event;
using reply_test::finished;
using reply_test::Seen;

const std::string done = "data: [DONE]\n\n";
const std::string usage =
    event(R"({"id":"x","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");

api::ReplyContext chat(bool include_usage = false) {
    api::ReplyContext context;
    context.dialect = Dialect::chat;
    context.include_usage = include_usage;
    return context;
}

Seen run(const std::string& upstream, const api::ReplyContext& context = chat()) {
    Seen first;
    for (const reply_test::Cut how : reply_test::all_cuts) {
        Seen seen = reply_test::run(context, reply_test::cut(upstream, how));
        if (how == reply_test::Cut::one_write) first = seen;
        EXPECT_EQ(seen.bytes, first.bytes);
        EXPECT_EQ(seen.failure, first.failure);
    }
    return first;
}

void expect_broken(const std::string& upstream, const std::string& passed, const std::string& message) {
    const Seen seen = run(upstream);
    ASSERT_TRUE(seen.failure.has_value());
    EXPECT_EQ(seen.failure->status, 502U);
    EXPECT_EQ(seen.failure->message, message);
    EXPECT_EQ(seen.bytes,
              passed + event(R"({"error":{"message":")" + message + R"(","type":"server_error","param":null,"code":null}})"));
    EXPECT_EQ(seen.bytes.find("[DONE]"), std::string::npos);
}

const std::string incomplete = "upstream stream ended before it was complete";
const std::string went_on = "the instance's stream went on after its end";

TEST(chat_stream, passes_events_on_byte_for_byte) {
    const std::string odd =
        "id: 7\nevent: x\ndata:{ \"choices\" : [ {\"index\":0, \"unknown\":1e400,\"finish_reason\":\"stop\"} ] }\n\n";
    const std::string upstream = ": hello\n\n" + chunk(R"({"content":"\u00e9😀", "x":[ ]})") + odd;
    EXPECT_EQ(run(upstream + done).bytes, upstream + done);
}

TEST(chat_stream, sends_its_own_done_once_and_only_at_the_end) {
    const auto stream = api::ReplyStream::start(chat(), reply_test::stamp);
    const std::string upstream = content("a") + finished("stop");
    EXPECT_FALSE(stream->at_end());
    EXPECT_EQ(stream->feed(upstream + done).bytes, upstream);
    EXPECT_TRUE(stream->at_end());
    EXPECT_EQ(stream->feed("\n \r\n").failure, std::nullopt);
    const api::Output end = stream->finish();
    EXPECT_EQ(end.bytes, done);
    EXPECT_EQ(end.failure, std::nullopt);
}

TEST(chat_stream, takes_a_done_without_its_blank_line) {
    const std::string upstream = content("a") + finished("stop");
    EXPECT_EQ(run(upstream + "data: [DONE]").bytes, upstream + done);
    EXPECT_EQ(run(upstream + "data: [DONE]\n").bytes, upstream + done);
}

TEST(chat_stream, is_incomplete_without_done_even_after_a_finish_reason) {
    expect_broken(content("a") + finished("stop"), content("a") + finished("stop"), incomplete);
    expect_broken(content("a") + "data: {\"choices\":[{\"ind", content("a"), incomplete);
    expect_broken("", "", incomplete);
}

TEST(chat_stream, is_incomplete_if_any_choice_lacks_its_finish_reason) {
    const std::string two =
        event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{"content":"b"}}]})");
    expect_broken(two + done, two, incomplete);
    const std::string rest = event(R"({"choices":[{"index":1,"delta":{},"finish_reason":"length"}]})");
    EXPECT_EQ(run(two + rest + done).bytes, two + rest + done);
}

TEST(chat_stream, serves_text_completions_alike) {
    const std::string open = event(R"({"object":"text_completion","choices":[{"index":0,"text":"a","finish_reason":null}]})");
    const std::string closed =
        event(R"({"object":"text_completion","choices":[{"index":0,"text":"","finish_reason":"stop"}]})");
    EXPECT_EQ(run(open + closed + done).bytes, open + closed + done);
    expect_broken(open + done, open, incomplete);
}

TEST(chat_stream, asks_nothing_but_done_of_other_shapes) {
    const std::string other = event("not JSON") + event("[1,2]") + event(R"({"progress":1})") + event(R"({"choices":["a"]})");
    EXPECT_EQ(run(other + done).bytes, other + done);
    EXPECT_EQ(run(done).bytes, done);
}

TEST(chat_stream, allows_nothing_but_white_space_after_done) {
    const std::string whole = content("a") + finished("stop");
    EXPECT_EQ(run(whole + done + "\n\r\n  \n").bytes, whole + done);
    for (const std::string& more :
         {content("b"), done, std::string("data: x"), std::string("x"), std::string(": a comment\n\n")}) {
        SCOPED_TRACE(more);
        expect_broken(whole + done + more, whole, went_on);
    }
}

TEST(chat_stream, drops_the_usage_that_was_not_asked_for_and_nothing_else) {
    const std::string with_usage =
        event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}})");
    const std::string empty = event(R"({"choices":[],"prompt_filter_results":[]})");
    const std::string null_usage = event(R"({"choices":[],"usage":null})");
    const std::string bare = event(R"({"usage":{"prompt_tokens":1}})");
    const std::string kept = empty + null_usage + with_usage;
    EXPECT_EQ(run(bare + kept + usage + done).bytes, kept + done);
    EXPECT_EQ(run(bare + kept + usage + done, chat(true)).bytes, bare + kept + usage + done);
}

TEST(chat_stream, keeps_the_blank_line_whole_when_a_crlf_is_split_before_a_dropped_event) {
    const std::string upstream = "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\r\n\r\n";
    const std::string dropped = "data: {\"choices\":[],\"usage\":{}}\r\n\r\n";
    EXPECT_EQ(run(upstream + dropped + "data: [DONE]\r\n\r\n").bytes, upstream + done);
}

TEST(chat_stream, tells_the_status_of_an_error_that_comes_first) {
    const Seen vllm = run(event(R"({"error":{"message":"too long","type":"BadRequestError","param":null,"code":400}})") + done);
    EXPECT_TRUE(vllm.nothing_before_failure);
    EXPECT_EQ(vllm.failure, (api::Failure{400, "too long", {}, {}}));
    const Seen sglang =
        run(event(R"({"object":"error","message":"busy","type":"ServiceUnavailable","param":null,"code":503})"));
    EXPECT_TRUE(sglang.nothing_before_failure);
    EXPECT_EQ(sglang.failure, (api::Failure{503, "busy", {}, {}}));
}

TEST(chat_stream, ends_with_an_error_that_comes_later_and_without_done) {
    const Seen seen = run(content("a") + event(R"({"object":"error","message":"busy","code":429})") + done);
    EXPECT_FALSE(seen.nothing_before_failure);
    EXPECT_EQ(seen.bytes, content("a") + event(R"({"error":{"message":"busy","type":"rate_limit_error","param":null,"code":)"
                                               R"("rate_limit_exceeded"}})"));
}

TEST(chat_stream, does_not_keep_count_of_endless_choices) {
    std::string upstream;
    for (int index = 0; index < 5000; ++index) upstream += event(R"({"choices":[{"index":)" + std::to_string(index) + "}]}");
    const Seen seen = reply_test::run(chat(), {upstream});
    ASSERT_TRUE(seen.failure.has_value());
    EXPECT_EQ(seen.failure->message, "the instance sent too many choices");
}

TEST(chat_stream, is_kept_alive_by_a_comment) {
    EXPECT_EQ(api::ReplyStream::start(chat(), reply_test::stamp)->keepalive(), ": keep-alive\n\n");
}

TEST(chat_whole_reply, is_passed_on_byte_for_byte) {
    const std::string reply = "{ \"object\" : \"list\", \"data\":[ 1e400 , {} ], \"error\":null } \n";
    EXPECT_EQ(api::whole_reply(chat(), reply_test::stamp, reply), reply);
}

TEST(chat_whole_reply, must_be_json) {
    for (const char* reply : {"", "{", "<html>", "{} {}", "\"\xff\""}) {
        const auto got = api::whole_reply(chat(), reply_test::stamp, reply);
        ASSERT_FALSE(got.has_value());
        EXPECT_EQ(got.error(), (api::Failure{502, "the instance's reply is not JSON", {}, {}}));
    }
}

TEST(chat_whole_reply, that_is_an_error_has_its_status) {
    const auto nested = api::whole_reply(chat(), reply_test::stamp, R"({"error":{"message":"m","code":404,"param":"model"}})");
    EXPECT_EQ(nested.error(), (api::Failure{404, "m", "model", {}}));
    const auto flat = api::whole_reply(chat(), reply_test::stamp, R"({"object":"error","message":"m","code":400})");
    EXPECT_EQ(flat.error(), (api::Failure{400, "m", {}, {}}));
}

}  // namespace
