// Claude Messages → chat completion: the rules the worked cases leave open.
#include "api/request_support.h"

#include <gtest/gtest.h>

namespace {

using api::Dialect;

// A request with these messages and these further members.
std::string request(std::string_view messages, std::string_view more = "") {
    std::string text = R"({"model":"m","messages":)";
    text.append(messages);
    if (!more.empty()) text.append(",").append(more);
    return text + "}";
}

std::string member(std::string_view name, std::string_view messages, std::string_view more = "") {
    return request_test::sent_member(Dialect::messages, request(messages, more), name);
}

std::string messages_of(std::string_view messages, std::string_view more = "") {
    return member("messages", messages, more);
}

constexpr const char* hi = R"([{"role":"user","content":"hi"}])";
constexpr const char* hi_sent = R"({"role":"user","content":"hi"})";
constexpr const char* call = R"({"role":"assistant","content":[{"type":"tool_use","id":"i1","name":"f","input":{}}]})";
constexpr const char* call_sent =
    R"({"role":"assistant","content":"","tool_calls":[{"id":"i1","type":"function","function":{"name":"f","arguments":"{}"}}]})";

std::string list(std::initializer_list<std::string_view> elements) {
    std::string text = "[";
    for (const std::string_view element : elements) {
        if (text.size() > 1) text += ',';
        text += element;
    }
    return text + "]";
}

TEST(messages_request, late_system_text_waits_until_the_tool_results_are_there) {
    EXPECT_EQ(messages_of(list({hi_sent, call, R"({"role":"system","content":"S"})",
                                R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"i1","content":"R"}]})"})),
              list({hi_sent, call_sent,
                    R"({"role":"tool","tool_call_id":"i1","content":"R\n\n<system-reminder>\nS\n</system-reminder>"})"}));
}

TEST(messages_request, late_system_text_waits_for_every_result_of_the_turn) {
    EXPECT_EQ(
        messages_of(
            R"([{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f"},{"type":"tool_use","id":"b","name":"f"}]},
                             {"role":"system","content":"S"},{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"B"},
                             {"type":"tool_result","tool_use_id":"a","content":"A"},{"type":"text","text":"go"}]}])"),
        R"([{"role":"assistant","content":"","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},)"
        R"({"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"b","content":"B"},)"
        R"({"role":"tool","tool_call_id":"a","content":"A\n\n<system-reminder>\nS\n</system-reminder>"},{"role":"user","content":"go"}])");
}

TEST(messages_request, late_system_text_waits_no_longer_when_another_message_starts) {
    EXPECT_EQ(messages_of(list({hi_sent, call, R"({"role":"system","content":"S"})", R"({"role":"user","content":"x"})"})),
              list({hi_sent, call_sent, R"({"role":"user","content":"<system-reminder>\nS\n</system-reminder>"})",
                    R"({"role":"user","content":"x"})"}));
}

TEST(messages_request, late_system_text_at_the_end_of_an_unanswered_call_is_not_lost) {
    EXPECT_EQ(messages_of(list({hi_sent, call, R"({"role":"system","content":"S"})"})),
              list({hi_sent, call_sent, R"({"role":"user","content":"<system-reminder>\nS\n</system-reminder>"})"}));
}

TEST(messages_request, late_system_text_after_an_answer_is_a_user_message_of_its_own) {
    EXPECT_EQ(messages_of(list({hi_sent, R"({"role":"assistant","content":"A"})", R"({"role":"system","content":"S"})"})),
              list({hi_sent, R"({"role":"assistant","content":"A"})",
                    R"({"role":"user","content":"<system-reminder>\nS\n</system-reminder>"})"}));
}

TEST(messages_request, late_system_text_is_a_part_of_a_message_in_parts) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"image","source":{"type":"url","url":"u"}}]},
                             {"role":"system","content":"S"}])"),
              R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},)"
              R"({"type":"text","text":"<system-reminder>\nS\n</system-reminder>"}]}])");
}

TEST(messages_request, empty_system_text_leaves_nothing_behind) {
    EXPECT_EQ(messages_of(hi, R"("system":"")"), list({hi_sent}));
    EXPECT_EQ(messages_of(hi, R"("system":[])"), list({hi_sent}));
    EXPECT_EQ(messages_of(list({hi_sent, R"({"role":"system","content":""})"})), list({hi_sent}));
}

TEST(messages_request, the_billing_header_goes_and_what_follows_it_stays) {
    EXPECT_EQ(messages_of(hi, R"("system":"x-anthropic-billing-header: a=b\nYou are")"),
              list({R"({"role":"system","content":"You are"})", hi_sent}));
    EXPECT_EQ(messages_of(hi, R"("system":"x-anthropic-billing-header: a=b")"), list({hi_sent}));
    EXPECT_EQ(messages_of(hi, R"("system":[{"type":"text","text":"x-anthropic-billing-header: a=b"}])"), list({hi_sent}));
    EXPECT_EQ(messages_of(hi, R"("system":"see x-anthropic-billing-header: a=b")"),
              list({R"({"role":"system","content":"see x-anthropic-billing-header: a=b"})", hi_sent}));
}

TEST(messages_request, reminders_beside_tool_results_are_folded_into_the_last_result) {
    EXPECT_EQ(messages_of(list({hi_sent, call, R"({"role":"user","content":[
                  {"type":"text","text":"<system-reminder>a</system-reminder>\n"},
                  {"type":"tool_result","tool_use_id":"i1","content":"R"},
                  {"type":"text","text":"<system-reminder>b</system-reminder>"}]})"})),
              list({hi_sent, call_sent,
                    R"({"role":"tool","tool_call_id":"i1","content":"R\n\n<system-reminder>a</system-reminder>\n\n)"
                    R"(<system-reminder>b</system-reminder>"})"}));
}

TEST(messages_request, reminders_beside_other_blocks_or_images_stay_in_the_user_message) {
    const std::string reminder = R"({"type":"text","text":"<system-reminder>a</system-reminder>"})";
    EXPECT_EQ(messages_of(list({call, R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"i1","content":"R"},)" +
                                          reminder + R"(,{"type":"text","text":"go"}]})"})),
              list({call_sent, R"({"role":"tool","tool_call_id":"i1","content":"R"})",
                    R"({"role":"user","content":"<system-reminder>a</system-reminder>\ngo"})"}));
    EXPECT_EQ(messages_of(list({call, R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"i1","content":)"
                                      R"([{"type":"image","source":{"type":"url","url":"u"}}]},)" +
                                          reminder + "]}"})),
              list({call_sent, R"({"role":"tool","tool_call_id":"i1","content":"[image]"})",
                    R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},)" + reminder + "]}"}));
}

TEST(messages_request, a_user_turn_without_blocks_is_an_empty_text) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":[]}])"), R"([{"role":"user","content":""}])");
    EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"from_the_future"}]}])"), R"([{"role":"user","content":""}])");
}

TEST(messages_request, adjacent_assistant_turns_are_one_message) {
    EXPECT_EQ(
        messages_of(R"([{"role":"assistant","content":[{"type":"thinking","thinking":"T1"},{"type":"text","text":"A"}]},
                             {"role":"assistant","content":[{"type":"thinking","thinking":""},{"type":"thinking","thinking":"T2"},
                              {"type":"text","text":"B"},{"type":"text","text":"C"},
                              {"type":"tool_use","id":"i","name":"f","input":{"z":1,"a":[]}}]}])"),
        R"([{"role":"assistant","content":"A\n\nBC","reasoning_content":"T1\nT2","tool_calls":[{"id":"i","type":"function",)"
        R"("function":{"name":"f","arguments":"{\"z\":1,\"a\":[]}"}}]}])");
}

TEST(messages_request, the_input_of_a_call_keeps_digits_and_order) {
    EXPECT_EQ(
        messages_of(R"([{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"f",
                              "input":{"n":12345678901234567890, "x":1e400,"e":{},"l":[],"s":"é\u0041\n"}},
                              {"type":"tool_use","id":"j","name":"f","input":null}]}])"),
        R"([{"role":"assistant","content":"","tool_calls":[{"id":"i","type":"function","function":{"name":"f","arguments":)"
        R"("{\"n\":12345678901234567890,\"x\":1e400,\"e\":{},\"l\":[],\"s\":\"éA\\n\"}"}},)"
        R"({"id":"j","type":"function","function":{"name":"f","arguments":"{}"}}]}])");
}

TEST(messages_request, a_result_without_its_call_is_passed_on) {
    EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"zz","content":"R"}]}])"),
              R"([{"role":"tool","tool_call_id":"zz","content":"R"}])");
}

TEST(messages_request, a_failed_result_says_so) {
    const auto result = [](std::string_view content) {
        return messages_of(
            std::string(R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"i","is_error":true)") +
            std::string(content) + "}]}]");
    };
    EXPECT_EQ(result(R"(,"content":"no")"), R"([{"role":"tool","tool_call_id":"i","content":"Error: no"}])");
    EXPECT_EQ(result(""), R"([{"role":"tool","tool_call_id":"i","content":"Error"}])");
    EXPECT_EQ(result(R"(,"content":[])"), R"([{"role":"tool","tool_call_id":"i","content":"Error"}])");
}

TEST(messages_request, every_kind_of_block_has_its_text) {
    const auto text = [](std::string_view block) {
        return messages_of(std::string(R"([{"role":"user","content":[)") + std::string(block) + "]}]");
    };
    const auto user = [](std::string_view content) {
        return R"([{"role":"user","content":")" + std::string(content) + R"("}])";
    };
    EXPECT_EQ(text(R"({"type":"image","source":{"type":"file","file_id":"F"}})"), user("[image omitted: file F]"));
    EXPECT_EQ(text(R"({"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"D"}})"),
              user("T\\nD"));
    EXPECT_EQ(text(R"({"type":"document","source":{"type":"text","data":"D"}})"), user("D"));
    EXPECT_EQ(text(R"({"type":"document","title":"T","source":{"type":"content","content":"C"}})"), user("C"));
    EXPECT_EQ(
        text(
            R"({"type":"document","source":{"type":"content","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}})"),
        user("a\\nb"));
    EXPECT_EQ(text(R"({"type":"document","source":{"type":"url","url":"https://e/d.pdf"}})"),
              user("[document: https://e/d.pdf]"));
    EXPECT_EQ(text(R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}})"),
              user("[document omitted: application/pdf]"));
    EXPECT_EQ(text(R"({"type":"document","source":{"type":"file","file_id":"F"}})"), user("[document omitted: file F]"));
    EXPECT_EQ(text(R"({"type":"search_result","title":"T","source":"S","content":[]})"), user("T\\nS"));
    EXPECT_EQ(text(R"({"type":"tool_reference","tool_name":"N"})"), user("Tool N is now available."));
}

TEST(messages_request, a_deferred_tool_counts_once_it_is_named_or_was_used) {
    const std::string tools =
        R"("tools":[{"name":"a","defer_loading":true},{"name":"b","defer_loading":true},{"name":"c","defer_loading":false},
                                          {"name":"d","defer_loading":true}])";
    const auto tool = [](std::string_view name) {
        return R"({"type":"function","function":{"name":")" + std::string(name) +
               R"(","parameters":{"type":"object","properties":{}}}})";
    };
    EXPECT_EQ(member("tools", hi, tools), list({tool("c")}));
    EXPECT_EQ(member("tools",
                     R"([{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"d","input":{}}]},
                         {"role":"user","content":[{"type":"tool_result","tool_use_id":"i","content":[{"type":"tool_reference","tool_name":"a"}]}]}])",
                     tools),
              list({tool("a"), tool("c"), tool("d")}));
}

TEST(messages_request, without_tools_nothing_about_tools_is_sent) {
    const std::string body = request(hi, R"("tools":[{"type":"bash_20250124","name":"bash"}],
                                            "tool_choice":{"type":"auto","disable_parallel_tool_use":true})");
    for (const char* name : {"tools", "tool_choice", "parallel_tool_calls"}) {
        EXPECT_EQ(request_test::sent_member(Dialect::messages, body, name), "");
    }
    EXPECT_EQ(member("tool_choice", hi, R"("tool_choice":{"type":"none"})"), "");
}

TEST(messages_request, strict_is_sent_only_if_true) {
    EXPECT_EQ(member("tools", hi, R"("tools":[{"type":"custom","name":"f","strict":true,"input_schema":{}},
                                              {"type":null,"name":"g","strict":false,"description":null,"input_schema":null}])"),
              R"([{"type":"function","function":{"name":"f","parameters":{},"strict":true}},)"
              R"({"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}])");
}

TEST(messages_request, the_clients_kwargs_win_over_thinking) {
    EXPECT_EQ(member("chat_template_kwargs", hi,
                     R"("thinking":{"type":"enabled"},"chat_template_kwargs":{"enable_thinking":false,"k":1})"),
              R"({"k":1,"thinking":false,"enable_thinking":false})");
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("thinking":{"type":"disabled"},"chat_template_kwargs":{"k":1})"),
              R"({"k":1,"thinking":false,"enable_thinking":false})");
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("chat_template_kwargs":{"k":1})"), R"({"k":1})");
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("thinking":null)"), "");
}

TEST(messages_request, thinking_switches_stand_above_the_dialect_and_models_below) {
    const auto kwargs = [](const char* asked, const char* exact, api::Switches switches) {
        const auto read = api::Request::read(
            Dialect::messages, "/v1/messages",
            R"({"model":")" + std::string(asked) + R"(","thinking":{"type":"disabled"},"messages":)" + hi + "}");
        const auto body = json::parse(read.value().body_for(base::ModelName(exact), switches));
        EXPECT_EQ(body.value().root()["model"].as_string(), exact);
        return body->root()["chat_template_kwargs"].dump();
    };
    const char* on = R"({"thinking":true,"enable_thinking":true})";
    const char* off = R"({"thinking":false,"enable_thinking":false})";
    EXPECT_EQ(kwargs("zai-org/GLM-4.7", "zai-org/GLM-4.7", {}), off);
    EXPECT_EQ(kwargs("m:THINKING", "m", {}), on);
    EXPECT_EQ(kwargs("m", "m", {.thinking_header = true}), on);
}

TEST(messages_request, structured_output_is_found_in_both_places) {
    const char* sent = R"({"type":"json_schema","json_schema":{"name":"response","schema":{"z":1,"a":2},"strict":true}})";
    EXPECT_EQ(member("response_format", hi, R"("output_format":{"type":"json_schema","schema":{"z":1,"a":2}})"), sent);
    EXPECT_EQ(member("response_format", hi, R"("output_config":{"format":{"type":"json_schema","schema":{"z":1,"a":2}}})"),
              sent);
}

TEST(messages_request, a_prefill_needs_text_and_no_call_and_the_last_place) {
    const auto prefill = [](std::string_view messages) { return member("continue_final_message", messages); };
    EXPECT_EQ(prefill(R"([{"role":"user","content":"q"},{"role":"assistant","content":"A"}])"), "true");
    EXPECT_EQ(prefill(R"([{"role":"user","content":"q"},{"role":"assistant","content":""}])"), "");
    EXPECT_EQ(prefill(R"([{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"thinking","thinking":"T"}]}])"),
              "");
    EXPECT_EQ(
        prefill(R"([{"role":"assistant","content":[{"type":"text","text":"A"},{"type":"tool_use","id":"i","name":"f"}]}])"),
        "");
    EXPECT_EQ(prefill(R"([{"role":"assistant","content":"A"},{"role":"user","content":"q"}])"), "");
    EXPECT_EQ(prefill(R"([{"role":"assistant","content":"A"},{"role":"system","content":"S"}])"), "");
}

TEST(messages_request, the_reply_side_learns_the_stop_sequences_and_the_name_as_sent) {
    const auto read =
        api::Request::read(Dialect::messages, "/v1/messages", request(hi, R"("stop_sequences":["X","Y"],"stream":true)"));
    const api::ReplyContext& context = read.value().reply_context();
    EXPECT_EQ(context.stop_sequences, (std::vector<std::string>{"X", "Y"}));
    EXPECT_EQ(context.dialect, Dialect::messages);
    EXPECT_EQ(context.model, "m");
    EXPECT_TRUE(context.stream);
    EXPECT_EQ(member("stop", hi, R"("stop_sequences":[])"), "");
}

TEST(messages_request, unknown_members_are_not_sent) {
    EXPECT_EQ(
        request_test::sent(Dialect::messages, request(hi, R"("betas":["x"],"container":{},"seed":1,"logit_bias":{},"n":2)")),
        R"({"messages":[{"content":"hi","role":"user"}],"model":"m"})");
}

TEST(messages_request, what_is_wrong_in_a_message_is_named_by_its_path) {
    const auto with_block = [](std::string_view block) {
        return request(R"([{"role":"user","content":[)" + std::string(block) + "]}]");
    };
    const auto with_assistant = [](std::string_view block) {
        return request(R"([{"role":"assistant","content":[)" + std::string(block) + "]}]");
    };
    request_test::expect_refusals(
        Dialect::messages,
        {
            {R"({"model":"m"})", "messages: at least one message is required"},
            {request("{}"), "messages: must be a list"},
            {request(R"("hi")"), "messages: must be a list"},
            {request("[7]"), "messages.0: must be an object"},
            {request("[null]"), "messages.0: must be an object"},
            {request("[{}]"), "messages.0.role: is required"},
            {request(R"([{"role":7}])"), "messages.0.role: must be a string"},
            {request(R"([{"role":"tool","content":"x"}])"), "messages.0.role: must be user, assistant or system"},
            {request(R"([{"role":"user"}])"), "messages.0.content: is required"},
            {request(R"([{"role":"user","content":null}])"), "messages.0.content: is required"},
            {request(R"([{"role":"user","content":"a"},{"role":"user","content":7}])"),
             "messages.1.content: must be a string or a list of blocks"},
            {request(R"([{"role":"assistant","content":{}}])"), "messages.0.content: must be a string or a list of blocks"},
            {request(R"([{"role":"system","content":7}])"), "messages.0.content: must be a string or a list of blocks"},
            {with_block("7"), "messages.0.content.0: must be an object"},
            {with_block("{}"), "messages.0.content.0.type: is required"},
            {with_block(R"({"type":"text"})"), "messages.0.content.0.text: is required"},
            {with_block(R"({"type":"text","text":7})"), "messages.0.content.0.text: must be a string"},
            {with_block(R"({"type":"image"})"), "messages.0.content.0.source.type: is required"},
            {with_block(R"({"type":"image","source":"x"})"), "messages.0.content.0.source: must be an object"},
            {with_block(R"({"type":"image","source":{"type":"x"}})"),
             "messages.0.content.0.source.type: must be base64, url or file"},
            {with_block(R"({"type":"image","source":{"type":"base64","data":"x"}})"),
             "messages.0.content.0.source.media_type: is required"},
            {with_block(R"({"type":"image","source":{"type":"url"}})"), "messages.0.content.0.source.url: is required"},
            {with_block(R"({"type":"document","source":{"type":"x"}})"),
             "messages.0.content.0.source.type: must be text, content, url, base64 or file"},
            {with_block(R"({"type":"document","source":{"type":"content","content":7}})"),
             "messages.0.content.0.source.content: must be a string or a list of blocks"},
            {with_block(R"({"type":"tool_result","content":"x"})"), "messages.0.content.0.tool_use_id: is required"},
            {with_block(R"({"type":"tool_result","tool_use_id":"i","content":7})"),
             "messages.0.content.0.content: must be a string or a list of blocks"},
            {with_block(R"({"type":"tool_result","tool_use_id":"i","is_error":"x"})"),
             "messages.0.content.0.is_error: must be a boolean"},
            {with_block(R"({"type":"tool_reference"})"), "messages.0.content.0.tool_name: is required"},
            {with_block(R"({"type":"search_result","title":7})"), "messages.0.content.0.title: must be a string"},
            {with_assistant(R"({"type":"tool_use","id":"i"})"), "messages.0.content.0.name: is required"},
            {with_assistant(R"({"type":"tool_use","name":"f"})"), "messages.0.content.0.id: is required"},
            {with_assistant(R"({"type":"thinking","thinking":7})"), "messages.0.content.0.thinking: must be a string"},
        });
}

TEST(messages_request, what_is_wrong_in_a_member_is_named_by_its_path) {
    request_test::expect_refusals(Dialect::messages,
                                  {
                                      {request(hi, R"("system":7)"), "system: must be a string or a list of blocks"},
                                      {request(hi, R"("system":["x"])"), "system.0: must be an object"},
                                      {request(hi, R"("max_tokens":"9")"), "max_tokens: must be an integer"},
                                      {request(hi, R"("max_tokens":1.5)"), "max_tokens: must be an integer"},
                                      {request(hi, R"("temperature":"hot")"), "temperature: must be a number"},
                                      {request(hi, R"("top_p":[])"), "top_p: must be a number"},
                                      {request(hi, R"("top_k":0.5)"), "top_k: must be an integer"},
                                      {request(hi, R"("stop_sequences":"X")"), "stop_sequences: must be a list"},
                                      {request(hi, R"("stop_sequences":[7])"), "stop_sequences: must be a list of strings"},
                                      {request(hi, R"("stream":"true")"), "stream: must be a boolean"},
                                  });
}

TEST(messages_request, what_is_wrong_with_tools_and_output_is_named_by_its_path) {
    request_test::expect_refusals(
        Dialect::messages,
        {
            {request(hi, R"("tools":{})"), "tools: must be a list"},
            {request(hi, R"("tools":[7])"), "tools.0: must be an object"},
            {request(hi, R"("tools":[{}])"), "tools.0.name: is required"},
            {request(hi, R"("tools":[{"name":""}])"), "tools.0.name: must not be empty"},
            {request(hi, R"("tools":[{"name":"f"},{"name":"f"}])"), "tools.1.name: another tool has the same name"},
            {request(hi, R"("tools":[{"name":"f","type":7}])"), "tools.0.type: must be a string"},
            {request(hi, R"("tools":[{"name":"f","input_schema":[]}])"), "tools.0.input_schema: must be an object"},
            {request(hi, R"("tools":[{"name":"f","description":7}])"), "tools.0.description: must be a string"},
            {request(hi, R"("tools":[{"name":"f","strict":1}])"), "tools.0.strict: must be a boolean"},
            {request(hi, R"("tools":[{"name":"f","defer_loading":1}])"), "tools.0.defer_loading: must be a boolean"},
            {request(hi, R"("tool_choice":"auto")"), "tool_choice: must be an object"},
            {request(hi, R"("tool_choice":{})"), "tool_choice.type: is required"},
            {request(hi, R"("tool_choice":{"type":"x"})"), "tool_choice.type: must be auto, any, tool or none"},
            {request(hi, R"("tool_choice":{"type":"tool"})"), "tool_choice.name: is required"},
            {request(hi, R"("tool_choice":{"type":"any"})"), "tool_choice: requires at least one usable tool"},
            {request(hi, R"("tool_choice":{"type":"tool","name":"f"})"), "tool_choice: requires at least one usable tool"},
            {request(hi, R"("tools":[{"name":"f"}],"tool_choice":{"type":"tool","name":"g"})"),
             "tool_choice: there is no tool named 'g'"},
            {request(hi, R"("tool_choice":{"type":"auto","disable_parallel_tool_use":1})"),
             "tool_choice.disable_parallel_tool_use: must be a boolean"},
            {request(hi, R"("thinking":"on")"), "thinking: must be an object"},
            {request(hi, R"("thinking":{"type":"x"})"), "thinking.type: must be enabled, adaptive or disabled"},
            {request(hi, R"("output_config":7)"), "output_config: must be an object"},
            {request(hi, R"("output_config":{"effort":"huge"})"),
             "output_config.effort: must be an effort such as low, medium or high"},
            {request(hi, R"("output_config":{"format":{"type":"xml"}})"), "output_config.format.type: must be json_schema"},
            {request(hi, R"("output_format":{"type":"json_schema"})"), "output_format.schema: is required"},
            {request(hi, R"("chat_template_kwargs":7)"), "chat_template_kwargs: must be an object"},
        });
}

TEST(messages_request, ten_thousand_messages_are_mapped) {
    std::string messages = "[";
    for (int i = 0; i < 10'000; ++i) {
        if (i > 0) messages += ',';
        messages +=
            i % 2 == 0 ? R"({"role":"user","content":[{"type":"text","text":"q"}]})" : R"({"role":"system","content":"s"})";
    }
    const auto read = api::Request::read(Dialect::messages, "/v1/messages", request(messages + "]"));
    const auto body = json::parse(read.value().body_for(base::ModelName("m"), {}));
    EXPECT_EQ(body.value().root()["messages"].size(), 5'000U);
}

TEST(count_tokens, a_token_is_four_bytes_and_an_image_sixteen_hundred) {
    const auto count = [](std::string_view messages, std::string_view more = "") {
        return api::count_tokens(request(messages, more)).value();
    };
    EXPECT_EQ(count(R"([{"role":"user","content":""}])"), 1);
    EXPECT_EQ(count(R"([{"role":"user","content":"1234"}])"), 1);
    EXPECT_EQ(count(R"([{"role":"user","content":"12345"}])"), 2);
    EXPECT_EQ(count(R"([{"role":"user","content":"1234"}])", R"("system":"1234567890123456")"), 5);
    EXPECT_EQ(
        count(R"([{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
                        {"type":"text","text":"1234"}]}])"),
        1601);
    EXPECT_GT(count(hi, R"("tools":[{"name":"f","description":"a long description"}])"), count(hi));
}

TEST(count_tokens, what_messages_refuses_is_refused) {
    EXPECT_EQ(api::count_tokens("{").error().status, 400U);
    EXPECT_EQ(api::count_tokens(R"({"model":"m"})").error().message, "messages: at least one message is required");
    EXPECT_EQ(api::count_tokens(R"({"messages":[{"role":"user","content":"x"}]})").error().message, "model: is required");
}

}  // namespace
