// What only the Responses API has (formats page §1.5): item kinds, reasoning in two forms, how a response ends.
#include "api/reply_accumulators.h"
#include "api/reply_support.h"

#include <gtest/gtest.h>

#include <map>

namespace {

using api::Dialect;
using api::Failure;
using reply_test::chunk;
using reply_test::content;
using reply_test::event;
using reply_test::finished;
using reply_test::tool_call;

const std::string done = "data: [DONE]\n\n";
const std::string& id = reply_test::stamp.random;

const char* const with_tools =
    R"({"model":"m","tools":[{"type":"custom","name":"patch"},{"type":"tool_search","execution":"client"},
    {"type":"namespace","name":"ns","tools":[{"type":"function","name":"f"}]}]})";

json::Document events(const std::string& upstream, std::string_view request = R"({"model":"m"})") {
    return reply_test::events_of(reply_test::run(reply_test::context_of(Dialect::responses, request), {upstream}).bytes);
}

std::vector<std::string> types(json::Value list) {
    std::vector<std::string> found;
    for (const json::Value one : list.elements()) found.emplace_back(*one["type"].as_string());
    return found;
}

json::Value last(json::Value list) {
    json::Value found;
    for (const json::Value one : list.elements()) found = one;
    return found;
}

// The only item, as it was added and as it was done.
std::pair<std::string, std::string> item(json::Value list) {
    std::pair<std::string, std::string> found;
    for (const json::Value one : list.elements()) {
        if (one["type"].as_string() == "response.output_item.added") found.first = one["item"].dump();
        if (one["type"].as_string() == "response.output_item.done") found.second = one["item"].dump();
    }
    return found;
}

std::string call(std::string_view name, std::string_view arguments) {
    json::Writer out;
    out.begin_object().member_integer("index", 0).member("id", "c").key("function").begin_object().member("name", name);
    return tool_call(out.member("arguments", arguments).end_object().end_object().text());
}

TEST(stream_responses, a_namespaced_call_goes_back_under_its_own_name) {
    const json::Document list = events(call("ns__f", "{}") + finished("stop"), with_tools);
    EXPECT_EQ(item(list.root()).second,
              R"({"type":"function_call","id":"fc_)" + id +
                  R"(0","call_id":"c","name":"f","namespace":"ns","arguments":"{}","status":"completed"})");
}

TEST(stream_responses, a_custom_tool_gets_the_text_within_its_arguments) {
    const std::map<std::string, std::string> inputs{{R"({"input":"*** Begin\n"})", R"(*** Begin\n)"},
                                                    {R"("{\"input\":\"a\"}")", "a"},
                                                    {"*** Begin", "*** Begin"},
                                                    {R"({"inp)", R"({\"inp)"},
                                                    {R"({"other":1})", R"({\"other\":1})"},
                                                    {R"("quoted")", "quoted"},
                                                    {"", ""}};
    for (const auto& [arguments, input] : inputs) {
        const json::Document list = events(call("patch", arguments) + finished("stop"), with_tools);
        EXPECT_EQ(item(list.root()).first, R"({"type":"custom_tool_call","id":"ctc_)" + id +
                                               R"(0","call_id":"c","name":"patch","input":"","status":"in_progress"})");
        EXPECT_EQ(item(list.root()).second, R"({"type":"custom_tool_call","id":"ctc_)" + id +
                                                R"(0","call_id":"c","name":"patch","input":")" + input +
                                                R"(","status":"completed"})");
        std::string deltas;
        for (const json::Value one : list.root().elements()) {
            if (one["type"].as_string() == "response.custom_tool_call_input.delta") deltas += one["delta"].dump();
            if (one["type"].as_string() == "response.custom_tool_call_input.done")
                EXPECT_EQ(one["input"].dump(), "\"" + input + "\"");
        }
        EXPECT_EQ(deltas, input.empty() ? "" : "\"" + input + "\"");
    }
}

TEST(stream_responses, a_call_that_was_cut_off_is_not_announced_as_one_to_run) {
    for (const auto& [name, arguments] :
         std::map<std::string, std::string>{{"patch", R"({"input":"*** Begin Pa)"}, {"tool_search", R"({"q":)"}, {"f", ""}}) {
        const json::Document list = events(call(name, arguments) + finished("length"), with_tools);
        EXPECT_EQ(types(list.root()).back(), "response.incomplete");
        for (const std::string& type : types(list.root())) EXPECT_FALSE(type.ends_with(".done")) << name << " " << type;
    }
}

TEST(stream_responses, a_tool_search_goes_back_with_an_object) {
    for (const auto& [arguments, object] :
         std::map<std::string, std::string>{{R"({"q": 1})", R"({"q":1})"}, {"", "{}"}, {R"({"q":)", "{}"}, {"[1]", "{}"}}) {
        const json::Document list = events(call("tool_search", arguments) + finished("stop"), with_tools);
        EXPECT_EQ(item(list.root()).second, R"({"type":"tool_search_call","id":"tsc_)" + id +
                                                R"(0","call_id":"c","execution":"client","arguments":)" + object +
                                                R"(,"status":"completed"})");
        EXPECT_EQ(types(list.root()),
                  (std::vector<std::string>{"response.created", "response.in_progress", "response.output_item.added",
                                            "response.output_item.done", "response.completed"}));
    }
}

TEST(stream_responses, arguments_that_cannot_be_used_are_an_empty_object) {
    const json::Document list = events(call("f", "nonsense") + finished("stop"));
    EXPECT_NE(item(list.root()).second.find(R"("arguments":"{}")"), std::string::npos);
    EXPECT_EQ(reply_test::accumulate_responses(list.root()).complaints, std::vector<std::string>{});
}

TEST(stream_responses, reasoning_is_a_summary_if_asked_for_and_carries_itself_if_asked_to) {
    const std::string upstream = chunk(R"({"reasoning":"abc"})") + finished("stop");
    const auto reasoning = [&](std::string_view request) { return item(events(upstream, request).root()).second; };
    const std::string head = R"({"type":"reasoning","id":"rs_)" + id + R"(0",)";
    EXPECT_EQ(reasoning(R"({"model":"m"})"),
              head + R"("summary":[],"content":[{"type":"reasoning_text","text":"abc"}],"status":"completed"})");
    EXPECT_EQ(reasoning(R"({"model":"m","reasoning":{"summary":"auto"}})"),
              head + R"("summary":[{"type":"summary_text","text":"abc"}],"status":"completed"})");
    EXPECT_EQ(reasoning(R"({"model":"m","include":["reasoning.encrypted_content"]})"),
              head + R"("summary":[],"content":[{"type":"reasoning_text","text":"abc"}],"encrypted_content":"e2p1.YWJj",)" +
                  R"("status":"completed"})");
}

TEST(stream_responses, only_the_last_item_of_a_cut_reply_is_incomplete) {
    const std::string upstream = chunk(R"({"reasoning":"a"})") + content("b");
    for (const auto& [finish, reason] :
         std::map<std::string, std::string>{{"length", "max_output_tokens"}, {"content_filter", "content_filter"}}) {
        const json::Document list = events(upstream + finished(finish) + done);
        const json::Value response = last(list.root())["response"];
        EXPECT_EQ(last(list.root())["type"].as_string(), "response.incomplete");
        EXPECT_EQ(response["incomplete_details"].dump(), R"({"reason":")" + reason + "\"}");
        std::vector<std::string> states;
        for (const json::Value one : response["output"].elements()) states.emplace_back(*one["status"].as_string());
        EXPECT_EQ(states, (std::vector<std::string>{"completed", "incomplete"}));
    }
}

TEST(stream_responses, a_failure_keeps_what_was_finished_and_says_nothing_more_of_the_rest) {
    const json::Document list =
        events(chunk(R"({"reasoning":"a"})") + content("b") + event(R"({"error":{"message":"boom","code":429}})"));
    const json::Value end = last(list.root());
    EXPECT_EQ(end["type"].as_string(), "response.failed");
    EXPECT_EQ(end["response"]["status"].as_string(), "failed");
    EXPECT_EQ(end["response"]["error"].dump(), R"({"code":"rate_limit_exceeded","message":"boom"})");
    EXPECT_EQ(end["response"]["output"].size(), 1U);
    std::int64_t number = 0;
    std::size_t items_done = 0;
    for (const json::Value one : list.root().elements()) {
        EXPECT_EQ(one["sequence_number"].as_integer(), number++);
        items_done += one["type"].as_string() == "response.output_item.done";
    }
    EXPECT_EQ(items_done, 1U);
}

TEST(stream_responses, a_failure_before_anything_still_begins_with_response_created) {
    const auto stream =
        api::ReplyStream::start(reply_test::context_of(Dialect::responses, R"({"model":"m"})"), reply_test::stamp);
    EXPECT_EQ(stream->keepalive(), ": keep-alive\n\n");
    const json::Document list = reply_test::events_of(stream->fail(Failure{504, "late", {}, {}}));
    EXPECT_EQ(types(list.root()), (std::vector<std::string>{"response.created", "response.in_progress", "response.failed"}));
    EXPECT_EQ(last(list.root())["response"]["error"].dump(), R"({"code":"server_error","message":"late"})");
}

TEST(stream_responses, usage_is_all_of_it_or_null) {
    const auto usage = [](const std::string& upstream) { return last(events(upstream).root())["response"]["usage"].dump(); };
    EXPECT_EQ(usage(content("a") + finished("stop")), "null");
    EXPECT_EQ(usage(content("a") + finished("stop") + event(R"({"choices":[],"usage":{}})")),
              R"({"input_tokens":0,"input_tokens_details":{"cached_tokens":0},"output_tokens":0,)"
              R"("output_tokens_details":{"reasoning_tokens":0},"total_tokens":0})");
    EXPECT_EQ(
        usage(content("a") + finished("stop") +
              event(R"({"usage":{"prompt_tokens":7,"completion_tokens":5,"reasoning_tokens":3,"prompt_tokens_details":null,)"
                    R"("completion_tokens_details":null}})")),
        R"({"input_tokens":7,"input_tokens_details":{"cached_tokens":0},"output_tokens":5,)"
        R"("output_tokens_details":{"reasoning_tokens":3},"total_tokens":12})");
}

TEST(stream_responses, every_response_object_shows_the_request) {
    const json::Document list = events(content("a") + finished("stop"), R"({"model":"m","metadata":{"k":"v"},"user":"u"})");
    std::size_t responses = 0;
    for (const json::Value one : list.root().elements()) {
        if (!one["response"].present()) continue;
        ++responses;
        EXPECT_EQ(one["response"]["metadata"].dump(), R"({"k":"v"})");
        EXPECT_EQ(one["response"]["user"].dump(), R"("u")");
        EXPECT_EQ(one["response"]["id"].dump(), "\"resp_" + id + "\"");
        EXPECT_EQ(one["response"]["created_at"].as_integer(), reply_test::stamp.created_at);
    }
    EXPECT_EQ(responses, 3U);
}

}  // namespace
