// The rules of the formats page §1.3, row by row: what the assembler makes of a model server's habits. Seen through a Claude
// client, whose blocks are the segments.
#include "api/reply_accumulators.h"
#include "api/reply_support.h"

#include <gtest/gtest.h>

namespace {

using reply_test::Accumulated;
using reply_test::chunk;
using reply_test::content;
using reply_test::event;
using reply_test::finished;
using reply_test::Segment;
using reply_test::tool_call;
using Kind = reply_test::Segment::Kind;
using Segments = std::vector<Segment>;

const std::string done = "data: [DONE]\n\n";

Segment reasoning(std::string text) {
    return {Kind::reasoning, std::move(text), ""};
}
Segment text(std::string said) {
    return {Kind::text, std::move(said), ""};
}
Segment tool(std::string name, std::string arguments) {
    return {Kind::tool, std::move(arguments), std::move(name)};
}

api::ReplyContext claude() {
    return reply_test::context_of(api::Dialect::messages, R"({"model":"m","stop_sequences":["END"]})");
}

reply_test::Seen run(const std::string& upstream) {
    return reply_test::run(claude(), {upstream});
}

Accumulated read(const std::string& upstream) {
    const reply_test::Seen seen = run(upstream);
    EXPECT_EQ(seen.failure, std::nullopt);
    const Accumulated got = reply_test::accumulate_messages(reply_test::events_of(seen.bytes).root());
    EXPECT_EQ(got.complaints, std::vector<std::string>{});
    return got;
}

Segments segments(const std::string& chunks) {
    return read(chunks + finished("stop") + done).segments;
}

std::string failure(const std::string& upstream) {
    const reply_test::Seen seen = run(upstream);
    return seen.failure ? std::to_string(seen.failure->status) + " " + seen.failure->message : "none";
}

TEST(stream_rules, reasoning_content_counts_before_reasoning_if_it_says_anything) {
    EXPECT_EQ(segments(chunk(R"({"reasoning_content":"a","reasoning":"b"})")), (Segments{reasoning("a")}));
    EXPECT_EQ(segments(chunk(R"({"reasoning_content":"","reasoning":"b"})")), (Segments{reasoning("b")}));
    EXPECT_EQ(segments(chunk(R"({"reasoning_content":null,"reasoning":"b"})")), (Segments{reasoning("b")}));
}

TEST(stream_rules, think_tags_at_the_start_hold_reasoning_however_they_are_split) {
    const std::string whole = " \n<think>a<b</thin</think>\n\nhi";
    for (std::size_t first = 0; first <= whole.size(); ++first) {
        for (std::size_t second = first; second <= whole.size(); ++second) {
            const std::string chunks =
                content(whole.substr(0, first)) + content(whole.substr(first, second - first)) + content(whole.substr(second));
            ASSERT_EQ(segments(chunks), (Segments{reasoning("a<b</thin"), text("\n\nhi")})) << first << " " << second;
        }
    }
}

TEST(stream_rules, thinking_that_is_never_closed_is_all_reasoning) {
    EXPECT_EQ(segments(content("<think>abc</thi")), (Segments{reasoning("abc</thi")}));
}

TEST(stream_rules, empty_thinking_is_no_segment) {
    EXPECT_EQ(segments(content("\n<think>") + content("</think>hi")), (Segments{text("hi")}));
    EXPECT_EQ(segments(content("\n<think></think>hi")), (Segments{text("hi")}));
}

TEST(stream_rules, tags_anywhere_else_are_text) {
    EXPECT_EQ(segments(content("a<think>b</think>")), (Segments{text("a<think>b</think>")}));
    EXPECT_EQ(segments(content("a</think>b")), (Segments{text("a</think>b")}));
    EXPECT_EQ(segments(content("<thi")), (Segments{text("<thi")}));
    EXPECT_EQ(segments(content("<thinking>x")), (Segments{text("<thinking>x")}));
    EXPECT_EQ(segments(content("<think>a</think>b<think>c</think>")), (Segments{reasoning("a"), text("b<think>c</think>")}));
}

TEST(stream_rules, tags_after_a_reasoning_field_are_text) {
    EXPECT_EQ(segments(chunk(R"({"reasoning":"r"})") + content("<think>a</think>")),
              (Segments{reasoning("r"), text("<think>a</think>")}));
    EXPECT_EQ(segments(content("<thi") + chunk(R"({"reasoning":"r"})") + content("nk>")),
              (Segments{text("<thi"), reasoning("r"), text("nk>")}));
}

TEST(stream_rules, a_closing_tag_may_be_split_by_a_reasoning_field) {
    EXPECT_EQ(segments(content("<think>a</th") + chunk(R"({"reasoning":"r"})") + content("ink>b")),
              (Segments{reasoning("ar"), text("b")}));
}

TEST(stream_rules, white_space_before_text_waits_for_the_text) {
    EXPECT_EQ(segments(content("\n") + content(" ") + content("a") + content("\n") + content("b")),
              (Segments{text("\n a\nb")}));
    EXPECT_EQ(segments(content(" ") + chunk(R"({"reasoning":"r"})") + content("a")), (Segments{reasoning("r"), text("a")}));
    EXPECT_EQ(segments(content(" \n")), Segments{});
}

TEST(stream_rules, white_space_closes_nothing) {
    EXPECT_EQ(segments(chunk(R"({"reasoning":"a"})") + content("\n") + chunk(R"({"reasoning":"b"})")),
              (Segments{reasoning("ab")}));
    EXPECT_EQ(segments(tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{"}})") + content("\n") +
                       tool_call(R"({"index":0,"function":{"arguments":"}"}})")),
              (Segments{tool("f", "{}")}));
}

TEST(stream_rules, null_and_empty_ids_and_names_never_overwrite) {
    const Accumulated got =
        read(tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\""}})") +
             tool_call(R"({"index":0,"id":null,"function":{"name":null,"arguments":":"}})") +
             tool_call(R"({"index":0,"id":"","function":{"name":"","arguments":"1}"}})") + finished("tool_calls"));
    EXPECT_EQ(got.segments, (Segments{tool("f", R"({"a":1})")}));
    EXPECT_EQ(got.call_ids, std::vector<std::string>{"c"});
}

TEST(stream_rules, one_index_with_another_id_and_name_is_another_call) {
    const Accumulated got =
        read(tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{}"}})") +
             tool_call(R"({"index":0,"id":"d","function":{"name":"f","arguments":"{\"b\":1}"}})") + finished("stop"));
    EXPECT_EQ(got.segments, (Segments{tool("f", "{}"), tool("f", R"({"b":1})")}));
    EXPECT_EQ(got.call_ids, (std::vector<std::string>{"c", "d"}));
}

TEST(stream_rules, one_index_with_another_id_alone_is_the_same_call) {
    EXPECT_EQ(segments(tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{"}})") +
                       tool_call(R"({"index":0,"id":"d","function":{"arguments":"}"}})")),
              (Segments{tool("f", "{}")}));
    EXPECT_EQ(segments(tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{"}})") +
                       tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"}"}})")),
              (Segments{tool("f", "{}")}));
}

TEST(stream_rules, an_id_that_comes_after_the_name_makes_no_other_call) {
    EXPECT_EQ(segments(tool_call(R"({"index":0,"function":{"name":"f","arguments":"{"}})") +
                       tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"}"}})")),
              (Segments{tool("f", "{}")}));
}

TEST(stream_rules, a_call_opens_when_its_name_is_known_and_never_without) {
    EXPECT_EQ(segments(tool_call(R"({"index":0,"id":"c","function":{"arguments":"{\"a\":"}})") +
                       tool_call(R"({"index":0,"function":{"name":"f","arguments":"1}"}})")),
              (Segments{tool("f", R"({"a":1})")}));
    EXPECT_EQ(segments(tool_call(R"({"index":0,"id":"c","function":{"arguments":"{}"}})") + content("x")),
              (Segments{text("x")}));
}

TEST(stream_rules, ids_are_made_up_when_missing_and_unique_when_repeated) {
    const Accumulated got =
        read(tool_call(R"({"index":0,"function":{"name":"f","arguments":"{}"}})") +
             tool_call(R"({"index":1,"function":{"name":"f","arguments":"{}"}})") +
             tool_call(R"({"index":2,"id":"c","function":{"name":"f","arguments":"{}"}})") +
             tool_call(R"({"index":3,"id":"c","function":{"name":"f","arguments":"{"}})") +
             tool_call(R"({"index":3,"id":"c","function":{"name":"f","arguments":"}"}})") + finished("stop"));
    ASSERT_EQ(got.call_ids.size(), 4U);
    EXPECT_NE(got.call_ids[0], got.call_ids[1]);
    EXPECT_NE(got.call_ids[0].find(reply_test::stamp.random), std::string::npos);
    EXPECT_EQ(got.call_ids[2], "c");
    EXPECT_EQ(got.call_ids[3], "c_2");
}

TEST(stream_rules, a_later_call_waits_for_the_arguments_of_the_open_one) {
    const std::string upstream = tool_call(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"s\":\"}"}})") +
                                 tool_call(R"({"index":1,"id":"b","function":{"name":"g","arguments":"{}"}})");
    EXPECT_EQ(run(upstream).bytes.find("\"g\""), std::string::npos);
    EXPECT_EQ(segments(upstream + tool_call(R"({"index":0,"function":{"arguments":"\"}"}})")),
              (Segments{tool("f", R"({"s":"}"})"), tool("g", "{}")}));
}

TEST(stream_rules, waiting_calls_all_come_before_text_or_the_end) {
    const std::string calls = tool_call(R"({"index":0,"id":"a","function":{"name":"f"}})") +
                              tool_call(R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"x\":1}"}})") +
                              tool_call(R"({"index":2,"id":"c","function":{"name":"h"}})");
    const Segments expected{tool("f", ""), tool("g", R"({"x":1})"), tool("h", "")};
    EXPECT_EQ(segments(calls), expected);
    Segments with_text = expected;
    with_text.push_back(text("t"));
    EXPECT_EQ(segments(calls + content("t")), with_text);
}

TEST(stream_rules, arguments_that_are_no_object_wait_for_the_end_and_count_if_they_hold_one) {
    const auto arguments = [](std::string_view sent) {
        json::Writer call;
        call.begin_object().member_integer("index", 0).member("id", "c").key("function").begin_object();
        call.member("name", "f").member("arguments", sent);
        return segments(tool_call(call.end_object().end_object().text()));
    };
    EXPECT_EQ(arguments(R"("{\"p\": 1}")"), (Segments{tool("f", R"({"p":1})")}));
    for (const char* unusable : {"", "  ", "null", "[1]", "*** Begin Patch", R"("[1]")", R"("text")", "\"{"})
        EXPECT_EQ(arguments(unusable), (Segments{tool("f", "")})) << unusable;
    EXPECT_EQ(arguments(" \n{\"a\":1}"), (Segments{tool("f", R"({"a":1})")}));
    EXPECT_EQ(arguments(R"({"a":"}"} {"b":2})"), (Segments{tool("f", R"({"a":"}"})")}));
}

TEST(stream_rules, arguments_may_be_an_object_of_their_own) {
    EXPECT_EQ(segments(tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":{"n": 12345678901234567890}}})")),
              (Segments{tool("f", R"({"n":12345678901234567890})")}));
}

TEST(stream_rules, a_chunk_is_read_in_the_order_reasoning_content_tools) {
    EXPECT_EQ(segments(chunk(
                  R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}],"content":"t","reasoning":"r"})")),
              (Segments{reasoning("r"), text("t"), tool("f", "{}")}));
}

TEST(stream_rules, a_reply_is_complete_with_a_finish_reason_or_with_done_after_a_chunk) {
    EXPECT_EQ(failure(content("a") + finished("stop")), "none");
    EXPECT_EQ(failure(content("a") + done), "none");
    const std::string incomplete = "502 upstream stream ended before it was complete";
    EXPECT_EQ(failure(content("a")), incomplete);
    EXPECT_EQ(failure(done), incomplete);
    EXPECT_EQ(failure(""), incomplete);
    EXPECT_EQ(failure(event(R"({"choices":[],"usage":{"prompt_tokens":1}})") + done), incomplete);
    EXPECT_EQ(failure(content("a") + "data: {\"choices\":[{\"ind"), incomplete);
}

TEST(stream_rules, an_aborted_generation_is_an_error) {
    for (const char* reason : {"abort", "error"})
        EXPECT_EQ(failure(content("a") + finished(reason) + done), "502 upstream aborted the generation");
}

TEST(stream_rules, nothing_follows_done) {
    const std::string whole = content("a") + finished("stop") + done;
    EXPECT_EQ(failure(whole + "\n\n"), "none");
    EXPECT_EQ(failure(whole + content("b")), "502 the instance's stream went on after its end");
    EXPECT_EQ(reply_test::run(claude(), {whole, "x"}).failure.value().message, "the instance's stream went on after its end");
    EXPECT_EQ(reply_test::run(claude(), {whole, "x"}).bytes.find("message_stop"), std::string::npos);
}

TEST(stream_rules, an_error_in_the_stream_has_its_status_and_leaves_blocks_open) {
    const reply_test::Seen seen = run(content("a") + event(R"({"error":{"message":"boom","code":429}})") + done);
    EXPECT_EQ(seen.failure.value().status, 429U);
    EXPECT_TRUE(
        seen.bytes.ends_with("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":"
                             "\"boom\"}}\n\n"));
    EXPECT_EQ(seen.bytes.find("content_block_stop"), std::string::npos);
    EXPECT_TRUE(run(event(R"({"error":{"message":"boom","code":400}})")).nothing_before_failure);
}

TEST(stream_rules, only_choice_zero_counts) {
    EXPECT_EQ(
        segments(event(R"({"choices":[{"index":1,"delta":{"content":"NO"},"finish_reason":"length"}]})") + content("yes")),
        (Segments{text("yes")}));
}

TEST(stream_rules, counts_of_tokens_that_nobody_can_have_counted_are_bounded) {
    const Accumulated got =
        read(content("a") +
             event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
                   R"("usage":{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}})") +
             done);
    EXPECT_EQ(got.input_tokens, 1'000'000'000'000);
}

TEST(stream_rules, the_latest_usage_counts_and_null_is_none) {
    const Accumulated got =
        read(event(R"({"usage":{"prompt_tokens":5,"completion_tokens":1}})") + content("a") +
             event(R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":)"
                   R"({"cached_tokens":20}}})") +
             event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})") + done);
    EXPECT_EQ(got.input_tokens, 0);
    EXPECT_EQ(got.output_tokens, 4);
}

TEST(stream_rules, the_stop_reason_is_the_first_that_fits) {
    const std::string call = tool_call(R"({"index":0,"id":"c","function":{"name":"f","arguments":"{}"}})");
    const std::string end = R"(,"stop_reason":"END")";
    EXPECT_EQ(read(call + finished("length", end)).end, "max_tokens");
    EXPECT_EQ(read(call + finished("content_filter", end)).end, "refusal");
    EXPECT_EQ(read(call + finished("stop", end)).end, "tool_use");
    EXPECT_EQ(read(content("a") + finished("stop", end)).end, "stop_sequence");
    EXPECT_EQ(read(content("a") + finished("stop", R"(,"stop_reason":null,"matched_stop":"END")")).end, "stop_sequence");
    EXPECT_EQ(read(content("a") + finished("stop", R"(,"stop_reason":"EN")")).end, "end_turn");
    EXPECT_EQ(read(content("a") + finished("stop", R"(,"matched_stop":151645)")).end, "end_turn");
    EXPECT_EQ(read(content("a") + finished("weird")).end, "end_turn");
}

TEST(stream_rules, a_reply_of_ever_new_segments_is_refused) {
    std::string upstream;
    for (int i = 0; i < 3000; ++i) upstream += content("b") + chunk(R"({"reasoning":"a"})");
    EXPECT_EQ(failure(upstream), "502 the reply changes between text and reasoning too often");
}

TEST(stream_rules, a_tool_call_with_an_endless_name_or_id_is_refused) {
    const std::string endless(600, 'x');
    EXPECT_EQ(failure(tool_call(R"({"index":0,"id":")" + endless + R"("})")).substr(0, 3), "502");
    EXPECT_EQ(failure(tool_call(R"({"index":0,"function":{"name":")" + endless + R"("}})")).substr(0, 3), "502");
}

TEST(stream_rules, tool_calls_without_end_are_refused) {
    std::string upstream;
    for (int index = 0; index < 2000; ++index) upstream += tool_call(R"({"index":)" + std::to_string(index) + "}");
    EXPECT_EQ(failure(upstream), "502 the instance sent too many tool calls");
}

TEST(stream_rules, events_that_are_no_chat_chunks_are_refused) {
    for (const char* data : {"hello", "7", "[]", "{\"choices\"", "null"})
        EXPECT_EQ(failure(event(data)), "502 the instance sent something else than a chat completion") << data;
    EXPECT_EQ(failure(event("{}") + event(R"({"choices":null})") + event(R"({"choices":[null,7,{"index":0,"delta":null}]})") +
                      finished("stop")),
              "none");
}

TEST(stream_rules, a_claude_stream_is_kept_alive_by_a_ping) {
    EXPECT_EQ(api::ReplyStream::start(claude(), reply_test::stamp)->keepalive(), "event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

TEST(stream_rules, a_whole_reply_is_judged_alike) {
    const auto whole = [](std::string_view reply) {
        const auto got = api::whole_reply(claude(), reply_test::stamp, reply);
        return got ? std::string("none") : std::to_string(got.error().status) + " " + got.error().message;
    };
    EXPECT_EQ(whole(R"({"choices":[{"message":{"content":"a"},"finish_reason":"abort"}]})"),
              "502 upstream aborted the generation");
    EXPECT_EQ(whole(R"({"error":{"message":"boom","code":400}})"), "400 boom");
    EXPECT_EQ(whole(R"({"choices":[]})"), "502 upstream stream ended before it was complete");
    EXPECT_EQ(whole("[]"), "502 the instance sent something else than a chat completion");
    EXPECT_EQ(whole("{"), "502 the instance's reply is not JSON");
    EXPECT_EQ(whole(R"({"choices":[{"message":{"content":"a"}}]})"), "none");
}

TEST(stream_rules, what_is_held_of_a_closing_tag_comes_before_the_call) {
    const auto got = segments(content("<think>abc<") +
                              chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]})"));
    ASSERT_GE(got.size(), 2U);
    EXPECT_EQ(got[0], reasoning("abc<"));
}

}  // namespace
