// OpenAI Responses → chat completion: the rules the worked cases leave open.
#include "api/reasoning_token.h"
#include "api/request_support.h"

#include <gtest/gtest.h>

namespace {

using api::Dialect;

std::string request(std::string_view input, std::string_view more = "") {
    std::string text = R"({"model":"m","input":)";
    text.append(input);
    if (!more.empty()) text.append(",").append(more);
    return text + "}";
}

std::string member(std::string_view name, std::string_view input, std::string_view more = "") {
    return request_test::sent_member(Dialect::responses, request(input, more), name);
}

// The messages for these items, without the brackets around them.
std::string messages_of(std::string_view items, std::string_view more = "") {
    const std::string list = member("messages", "[" + std::string(items) + "]", more);
    return list.starts_with('[') ? list.substr(1, list.size() - 2) : list;
}

api::ReplyContext context_of(std::string_view input, std::string_view more = "") {
    return api::Request::read(Dialect::responses, "/v1/responses", request(input, more)).value().reply_context();
}

std::string echoed(const api::ReplyContext& context, std::string_view name) {
    for (const api::EchoMember& echo : context.echo) {
        if (echo.name == name) return echo.json;
    }
    return "not there";
}

constexpr const char* hi = R"("hi")";
constexpr const char* q = R"({"role":"user","content":"q"})";

std::string call(std::string_view id) {
    return R"({"type":"function_call","call_id":")" + std::string(id) + R"(","name":"f","arguments":"{}"})";
}
std::string output(std::string_view id, std::string_view value) {
    return R"({"type":"function_call_output","call_id":")" + std::string(id) + R"(","output":)" + std::string(value) + "}";
}
std::string chat_call(std::string_view id, std::string_view name = "f", std::string_view arguments = "{}") {
    json::Writer writer;
    writer.begin_object().member("id", id).member("type", "function").key("function").begin_object();
    return writer.member("name", name).member("arguments", arguments).end_object().end_object().take();
}
std::string turn(const std::string& calls, std::string_view content = "") {
    return R"({"role":"assistant","content":")" + std::string(content) + R"(","tool_calls":[)" + calls + "]}";
}
std::string tool(std::string_view id, std::string_view content) {
    return R"({"role":"tool","tool_call_id":")" + std::string(id) + R"(","content":")" + std::string(content) + R"("})";
}

TEST(responses_items, outputs_stand_behind_the_turn_of_their_call_in_call_order) {
    EXPECT_EQ(messages_of(call("a") + "," + call("b") + "," + output("b", "\"B\"") + "," + output("a", "\"A\"")),
              turn(chat_call("a") + "," + chat_call("b")) + "," + tool("a", "A") + "," + tool("b", "B"));
}

TEST(responses_items, an_output_is_found_wherever_it_stands) {
    EXPECT_EQ(messages_of(output("a", "\"A\"") + "," + q + "," + call("a") + "," + q + "," + call("b") + "," + q + "," +
                          output("b", "\"B\"")),
              std::string(q) + "," + turn(chat_call("a")) + "," + tool("a", "A") + "," + q + "," + turn(chat_call("b")) + "," +
                  tool("b", "B") + "," + q);
}

TEST(responses_items, an_output_closes_the_turn_of_its_own_call_only) {
    EXPECT_EQ(messages_of(call("a") + "," + output("a", "\"A\"") + "," + call("b") + "," + output("b", "\"B\"")),
              turn(chat_call("a")) + "," + tool("a", "A") + "," + turn(chat_call("b")) + "," + tool("b", "B"));
    EXPECT_EQ(messages_of(call("a") + "," + q + "," + call("b") + "," + output("a", "\"A\"") + "," + call("c") + "," +
                          output("b", "\"B\"") + "," + output("c", "\"C\"")),
              turn(chat_call("a")) + "," + tool("a", "A") + "," + q + "," + turn(chat_call("b") + "," + chat_call("c")) + "," +
                  tool("b", "B") + "," + tool("c", "C"));
}

TEST(responses_items, a_second_output_of_a_call_is_an_orphan) {
    EXPECT_EQ(messages_of(call("a") + "," + output("a", "\"A\"") + "," + output("a", "\"A2\"")),
              turn(chat_call("a")) + "," + tool("a", "A") + R"(,{"role":"user","content":"[tool output a]\nA2"})");
}

TEST(responses_items, equal_call_ids_get_their_outputs_in_order) {
    EXPECT_EQ(messages_of(call("a") + "," + output("a", "\"1\"") + "," + call("a") + "," + output("a", "\"2\"")),
              turn(chat_call("a")) + "," + tool("a", "1") + "," + turn(chat_call("a")) + "," + tool("a", "2"));
}

TEST(responses_items, every_form_of_output_has_its_text) {
    const auto text = [](std::string_view value) { return messages_of(call("a") + "," + output("a", value)); };
    const std::string before = turn(chat_call("a")) + ",";
    EXPECT_EQ(text(R"("{\"output\":1}")"), before + tool("a", R"({\"output\":1})"));
    EXPECT_EQ(text(R"({"output":"x","metadata":{}})"), before + tool("a", "x"));
    EXPECT_EQ(text(R"({"exit":12345678901234567890})"), before + tool("a", R"({\"exit\":12345678901234567890})"));
    EXPECT_EQ(text("null"), before + tool("a", ""));
    EXPECT_EQ(text("[]"), before + tool("a", ""));
}

TEST(responses_items, images_of_outputs_follow_the_group) {
    EXPECT_EQ(
        messages_of(call("a") + "," + call("b") + "," + output("a", R"([{"type":"input_image","image_url":"data:x"}])") + "," +
                    output("b", R"([{"type":"input_text","text":"B"},{"type":"input_image","image_url":"data:y"}])") + "," + q),
        turn(chat_call("a") + "," + chat_call("b")) + "," + tool("a", "[image]") + "," + tool("b", "B") +
            R"(,{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}},)"
            R"({"type":"image_url","image_url":{"url":"data:y"}}]},)" +
            q);
}

TEST(responses_items, text_and_reasoning_and_calls_make_one_turn) {
    EXPECT_EQ(
        messages_of(R"({"type":"reasoning","summary":[{"type":"summary_text","text":"S1"},{"type":"summary_text","text":"S2"}]},
                             {"role":"assistant","content":"A"},{"type":"web_search_call","id":"ws"},{"type":"reasoning","summary":[],
                             "content":[{"type":"reasoning_text","text":"C"}]},{"type":"message","role":"assistant","content":[
                             {"type":"output_text","text":"B1"},{"type":"output_text","text":"B2"}]},)" +
                    call("a")),
        R"({"role":"assistant","content":"A\n\nB1\nB2","reasoning_content":"S1\nS2\nC","tool_calls":[)" + chat_call("a") +
            "]}");
}

TEST(responses_items, our_own_token_comes_first_and_a_foreign_one_is_ignored) {
    const auto reasoning = [](std::string_view token) {
        return messages_of(
            R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"C"}],"encrypted_content":")" +
            std::string(token) + R"("},{"role":"assistant","content":"A"})");
    };
    EXPECT_EQ(reasoning(api::encode_reasoning("whole\ntext")),
              R"({"role":"assistant","content":"A","reasoning_content":"whole\ntext"})");
    EXPECT_EQ(reasoning("gAAAAABfromelsewhere"), R"({"role":"assistant","content":"A","reasoning_content":"C"})");
}

TEST(responses_items, reasoning_that_says_nothing_leaves_nothing_behind) {
    EXPECT_EQ(messages_of(std::string(q) + R"(,{"type":"reasoning","summary":[],"encrypted_content":"gAAAA"})"), q);
}

TEST(responses_items, every_kind_of_call_becomes_a_function_call) {
    EXPECT_EQ(messages_of(R"({"type":"custom_tool_call","call_id":"1","name":"apply_patch","input":"*** \"x\"\n"})"),
              turn(chat_call("1", "apply_patch", R"({"input":"*** \"x\"\n"})")));
    EXPECT_EQ(messages_of(R"({"type":"function_call","call_id":"1","namespace":"ns","name":"f","arguments":""})"),
              turn(chat_call("1", "ns__f", "{}")));
    EXPECT_EQ(messages_of(R"({"type":"function_call","call_id":"1","name":"f","arguments":"not json {"})"),
              turn(chat_call("1", "f", "not json {")));
    EXPECT_EQ(messages_of(R"({"type":"tool_search_call","call_id":"1","execution":"client","arguments":{"b":1.0,"a":[]}})"),
              turn(chat_call("1", "tool_search", R"({"b":1.0,"a":[]})")));
    EXPECT_EQ(messages_of(R"({"type":"local_shell_call","call_id":"1","action":{"type":"exec","command":["ls"]}})"),
              turn(chat_call("1", "local_shell", R"({"type":"exec","command":["ls"]})")));
}

TEST(responses_items, what_the_service_ran_by_itself_is_dropped) {
    EXPECT_EQ(messages_of(std::string(q) + R"(,{"type":"tool_search_call","call_id":null,"execution":"server","arguments":{}},
                             {"type":"tool_search_output","execution":"server","tools":[{"type":"function","name":"late"}]},
                             {"type":"file_search_call","id":"x"},{"type":"compaction","encrypted_content":"x"},{"type":"from_the_future"})"),
              q);
}

TEST(responses_items, parts_of_a_user_message_keep_their_order) {
    EXPECT_EQ(messages_of(R"({"role":"user","content":[{"type":"input_text","text":"a"},
                             {"type":"input_image","image_url":"data:x","detail":"auto"},{"type":"input_image","image_url":"u","detail":"high"},
                             {"type":"input_audio","input_audio":{"data":"QQ==","format":"wav"}},{"type":"from_the_future"},{"type":"text","text":"b"}]})"),
              R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:x"}},)"
              R"({"type":"image_url","image_url":{"url":"u","detail":"high"}},)"
              R"({"type":"input_audio","input_audio":{"data":"QQ==","format":"wav"}},{"type":"text","text":"b"}]})");
    EXPECT_EQ(
        messages_of(R"({"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","file_id":"F"},
                             {"type":"input_file","filename":"n.pdf","file_id":"G"},{"type":"input_file","file_id":"G"},{"type":"input_file"}]})"),
        R"({"role":"user","content":"a\n[image omitted: file F]\n[file omitted: n.pdf]\n[file omitted: G]\n[file omitted: unnamed]"})");
}

TEST(responses_items, system_items_lead_or_are_folded) {
    EXPECT_EQ(messages_of(R"({"role":"developer","content":"D"},{"role":"system","content":[{"type":"input_text","text":"a"},
                             {"type":"input_text","text":"b"}]},)" +
                              std::string(q) + R"(,{"role":"developer","content":"late"})",
                          R"("instructions":"I")"),
              R"({"role":"system","content":"I\n\nD\n\na\nb"},)"
              R"({"role":"user","content":"q\n\n<system-reminder>\nlate\n</system-reminder>"})");
    EXPECT_EQ(messages_of(call("a") + R"(,{"role":"developer","content":"D"},)" + output("a", "\"A\"")),
              turn(chat_call("a")) + "," + tool("a", "A\\n\\n<system-reminder>\\nD\\n</system-reminder>"));
}

TEST(responses_tools, a_custom_tool_is_a_function_of_one_string) {
    EXPECT_EQ(
        member("tools", hi,
               R"("tools":[{"type":"custom","name":"p","description":"d","format":{"type":"grammar","syntax":"lark",
                                     "definition":"start: X"}},{"type":"custom","name":"r","format":{"type":"text"}}])"),
        R"([{"type":"function","function":{"name":"p","description":"d\n\nThe input must match this lark grammar:\nstart: X",)"
        R"("parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}},)"
        R"({"type":"function","function":{"name":"r",)"
        R"("parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}}])");
}

TEST(responses_tools, the_reply_side_learns_how_calls_go_back) {
    const api::ReplyContext context = context_of(
        R"([{"role":"user","content":"q"},{"type":"additional_tools","tools":[{"type":"custom","name":"extra"}]}])",
        R"("tools":[{"type":"function","name":"plain"},{"type":"custom","name":"p"},{"type":"tool_search","execution":"client"},
                    {"type":"tool_search"},{"type":"web_search"},{"type":"namespace","name":"ns","tools":[
                     {"type":"function","name":"f"},{"type":"custom","name":"c"},{"type":"namespace","name":"deep","tools":[]}]}])");
    std::string seen;
    for (const auto& [name, origin] : context.tools) {
        seen.append(name).append("=").append(std::to_string(static_cast<int>(origin.kind))).append(",");
        seen.append(origin.name).append(",").append(origin.name_space).append(" ");
    }
    EXPECT_EQ(seen, "extra=1,extra, ns__c=1,c,ns ns__f=0,f,ns p=1,p, tool_search=2,tool_search, ");
}

TEST(responses_tools, tools_found_before_join_the_list_once) {
    const std::string items = std::string("[") + q + R"(,{"type":"tool_search_call","call_id":"1","arguments":{}},
        {"type":"tool_search_output","call_id":"1","tools":[{"type":"function","name":"a"},{"type":"function","name":"b"},
         {"type":"namespace","name":"n","tools":[{"type":"function","name":"c"}]}]},
        {"type":"tool_search_call","call_id":"2","arguments":{}},{"type":"tool_search_output","call_id":"2","tools":[{"type":"function","name":"b"}]},
        {"type":"tool_search_call","call_id":"3","arguments":{}},{"type":"tool_search_output","call_id":"3","tools":[]}])";
    const std::string body = request(items, R"("tools":[{"type":"function","name":"a"}])");
    const auto document = json::parse(request_test::sent_member(Dialect::responses, body, "tools"));
    std::string names;
    for (const json::Value sent : document.value().root().elements())
        names.append(*sent["function"]["name"].as_string()).append(" ");
    EXPECT_EQ(names, "a b n__c ");
    const std::string messages = request_test::sent_member(Dialect::responses, body, "messages");
    for (const char* text : {"Tools now available: a, b, n__c", "Tools now available: b", "No tools found."}) {
        EXPECT_NE(messages.find(text), std::string::npos) << text;
    }
}

TEST(responses_tools, a_choice_may_name_any_tool_in_any_form) {
    const char* tools =
        R"("tools":[{"type":"function","name":"f"},{"type":"custom","name":"p"},{"type":"namespace","name":"n","tools":[
                            {"type":"function","name":"f"}]},{"type":"tool_search","execution":"client"}],"tool_choice":)";
    const auto choice = [&](std::string_view value) { return member("tool_choice", hi, tools + std::string(value)); };
    const auto named = [](std::string_view name) {
        return R"({"type":"function","function":{"name":")" + std::string(name) + "\"}}";
    };
    EXPECT_EQ(choice(R"("auto")"), R"("auto")");
    EXPECT_EQ(choice(R"("none")"), R"("none")");
    EXPECT_EQ(choice(R"("required")"), R"("required")");
    EXPECT_EQ(choice("null"), "");
    EXPECT_EQ(choice(R"({"type":"function","name":"f"})"), named("f"));
    EXPECT_EQ(choice(R"({"type":"function","name":"f","namespace":"n"})"), named("n__f"));
    EXPECT_EQ(choice(R"({"type":"function","function":{"name":"f"}})"), named("f"));
    EXPECT_EQ(choice(R"({"type":"custom","name":"p"})"), named("p"));
    EXPECT_EQ(choice(R"({"type":"tool_search"})"), named("tool_search"));
}

TEST(responses_tools, allowed_tools_take_all_others_off_the_list) {
    const auto names = [](std::string_view allowed) {
        const std::string tools = member("tools", hi,
                                         R"("tools":[{"type":"function","name":"f"},{"type":"custom","name":"p"},
            {"type":"web_search"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}]}],
            "tool_choice":{"type":"allowed_tools","mode":"auto","tools":)" +
                                             std::string(allowed) + "}");
        const auto document = json::parse(tools);
        std::string all;
        if (!document) return tools;
        for (const json::Value sent : document->root().elements())
            all.append(*sent["function"]["name"].as_string()).append(" ");
        return all;
    };
    EXPECT_EQ(names(R"([{"type":"custom","name":"p"},{"type":"web_search"}])"), "p ");
    EXPECT_EQ(names(R"([{"type":"namespace","name":"n"}])"), "n__a n__b ");
    EXPECT_EQ(names(R"([{"type":"function","namespace":"n","name":"b"},{"type":"function","name":"f"}])"), "f n__b ");
    EXPECT_EQ(names(R"([{"type":"web_search"}])"), "");
    EXPECT_EQ(names(R"([{"type":"function","name":"zz"}])"), "tool_choice.tools.0: there is no tool named 'zz'");
}

TEST(responses_tools, without_tools_nothing_about_tools_is_sent) {
    EXPECT_EQ(
        request_test::sent(Dialect::responses,
                           request(hi, R"("tools":[{"type":"web_search"}],"tool_choice":"auto","parallel_tool_calls":true)")),
        R"({"messages":[{"content":"hi","role":"user"}],"model":"m"})");
    EXPECT_EQ(member("tool_choice", hi, R"("tool_choice":"none")"), "");
}

TEST(responses_request, sampling_members_are_sent_as_they_were_written) {
    EXPECT_EQ(
        request_test::sent(Dialect::responses, request(hi, R"("top_p":0.10,"frequency_penalty":-1,"presence_penalty":2,
                  "seed":18446744073709551615,"stop":["a","b"],"top_logprobs":3,"max_tokens":7,"logit_bias":{},"n":2)")),
        R"({"frequency_penalty":-1,"logprobs":true,"max_tokens":7,"messages":[{"content":"hi","role":"user"}],"model":"m",)"
        R"("presence_penalty":2,"seed":18446744073709551615,"stop":["a","b"],"top_logprobs":3,"top_p":0.10})");
    EXPECT_EQ(member("stop", hi, R"("stop":"x")"), R"("x")");
    EXPECT_EQ(member("logprobs", hi, R"("top_logprobs":0)"), "");
    EXPECT_EQ(member("max_tokens", hi, R"("max_output_tokens":5,"max_tokens":7)"), "5");
}

TEST(responses_request, effort_turns_thinking_on_or_off) {
    const char* on = R"({"thinking":true,"enable_thinking":true})";
    const char* off = R"({"thinking":false,"enable_thinking":false})";
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("reasoning":{"effort":"none"})"), off);
    EXPECT_EQ(member("reasoning_effort", hi, R"("reasoning":{"effort":"none"})"), "");
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("reasoning_effort":"max")"), on);
    EXPECT_EQ(member("reasoning_effort", hi, R"("reasoning_effort":"max")"), R"("high")");
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("reasoning":{"summary":"auto"})"), "");
    EXPECT_EQ(member("chat_template_kwargs", hi, R"("reasoning":{"effort":"low"},"chat_template_kwargs":{"thinking":false})"),
              off);
}

TEST(responses_request, a_text_format_may_have_all_its_members) {
    EXPECT_EQ(
        member("response_format", hi,
               R"("text":{"format":{"type":"json_schema","name":"N","description":"d","schema":{"b":1,"a":2},"strict":null}})"),
        R"({"type":"json_schema","json_schema":{"name":"N","description":"d","schema":{"b":1,"a":2}}})");
    EXPECT_EQ(member("response_format", hi, R"("text":{"verbosity":"low"})"), "");
}

TEST(responses_request, the_response_repeats_the_request_or_the_defaults) {
    const api::ReplyContext plain = context_of(hi);
    std::string all;
    for (const api::EchoMember& echo : plain.echo) all.append(echo.name).append("=").append(echo.json).append(" ");
    EXPECT_EQ(
        all,
        R"(instructions=null max_output_tokens=null max_tool_calls=null metadata={} parallel_tool_calls=true )"
        R"(previous_response_id=null reasoning={"effort":null,"summary":null} store=false temperature=1.0 )"
        R"(text={"format":{"type":"text"}} tool_choice="auto" tools=[] top_logprobs=0 top_p=1.0 truncation="disabled" user=null )");
    const api::ReplyContext full =
        context_of(hi, R"("instructions":"I","metadata":{"k":"v"},"temperature":0.20,"store":true,"user":"u",
        "reasoning":{"effort":"xhigh","summary":"auto"},"tools":[{"type":"web_search"}],"truncation":null)");
    EXPECT_EQ(echoed(full, "instructions"), R"("I")");
    EXPECT_EQ(echoed(full, "metadata"), R"({"k":"v"})");
    EXPECT_EQ(echoed(full, "temperature"), "0.20");
    EXPECT_EQ(echoed(full, "store"), "true");
    EXPECT_EQ(echoed(full, "user"), R"("u")");
    EXPECT_EQ(echoed(full, "reasoning"), R"({"effort":"xhigh","summary":"auto"})");
    EXPECT_EQ(echoed(full, "tools"), R"([{"type":"web_search"}])");
    EXPECT_EQ(echoed(full, "truncation"), R"("disabled")");
}

TEST(responses_request, the_reply_side_learns_how_to_show_reasoning) {
    const api::ReplyContext plain =
        context_of(hi, R"("include":["file_search_call.results"],"reasoning":{"effort":"low","summary":null})");
    EXPECT_FALSE(plain.reasoning_summary);
    EXPECT_FALSE(plain.encrypted_reasoning);
    const api::ReplyContext asked =
        context_of(hi, R"("include":["x","reasoning.encrypted_content"],"reasoning":{"summary":"detailed"},"stream":true)");
    EXPECT_TRUE(asked.reasoning_summary);
    EXPECT_TRUE(asked.encrypted_reasoning);
    EXPECT_TRUE(asked.stream);
    EXPECT_EQ(asked.dialect, Dialect::responses);
}

TEST(responses_request, what_only_a_storing_service_can_do_is_refused_with_its_code) {
    struct Case {
        const char* more;
        const char* param;
        const char* code;
    };
    for (const auto& [more, param, code] : std::initializer_list<Case>{
             {R"("previous_response_id":"resp_1")", "previous_response_id", "previous_response_not_found"},
             {R"("conversation":"conv_1")", "conversation", "unsupported_parameter"},
             {R"("conversation":{"id":"conv_1"})", "conversation", "unsupported_parameter"},
             {R"("prompt":{"id":"pmpt_1"})", "prompt", "unsupported_parameter"},
             {R"("background":true)", "background", "unsupported_parameter"},
             {R"("tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"file_search"})", "tool_choice",
              "unsupported_parameter"},
             {R"("tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"tool_search"})", "tool_choice",
              "unsupported_parameter"},
         }) {
        const auto read = api::Request::read(Dialect::responses, "/v1/responses", request(hi, more));
        ASSERT_FALSE(read.has_value()) << more;
        EXPECT_EQ(read.error().status, 400U);
        EXPECT_EQ(read.error().param, param);
        EXPECT_EQ(read.error().code, code);
    }
    EXPECT_EQ(member("messages", hi, R"("previous_response_id":null,"conversation":null,"prompt":null,"background":false)"),
              R"([{"role":"user","content":"hi"}])");
}

TEST(responses_request, what_is_wrong_in_an_item_is_named_by_its_path) {
    const auto with_item = [](std::string_view item) { return request("[" + std::string(item) + "]"); };
    const auto with_part = [](std::string_view part) {
        return request(R"([{"role":"user","content":[)" + std::string(part) + "]}]");
    };
    request_test::expect_refusals(
        Dialect::responses,
        {
            {R"({"model":"m"})", "input: at least one item is required"},
            {request("[]"), "input: at least one item is required"},
            {request("7"), "input: must be a string or a list of items"},
            {request("{}"), "input: must be a string or a list of items"},
            {with_item(R"({"type":"compaction"})"), "input: has nothing in it that could be sent to the model"},
            {with_item("7"), "input.0: must be an object"},
            {with_item("{}"), "input.0: must have a type or a role"},
            {with_item(R"({"type":7})"), "input.0.type: must be a string"},
            {with_item(R"({"type":"message","content":"x"})"), "input.0.role: is required"},
            {with_item(R"({"role":"tool","content":"x"})"), "input.0.role: must be user, assistant, system or developer"},
            {with_item(R"({"role":"user"})"), "input.0.content: is required"},
            {with_item(R"({"role":"user","content":7})"), "input.0.content: must be a string or a list of parts"},
            {with_part("7"), "input.0.content.0: must be an object"},
            {with_part("{}"), "input.0.content.0.type: is required"},
            {with_part(R"({"type":"input_text"})"), "input.0.content.0.text: is required"},
            {with_part(R"({"type":"input_image"})"), "input.0.content.0.image_url: is required"},
            {with_part(R"({"type":"input_image","image_url":{"url":"x"}})"), "input.0.content.0.image_url: must be a string"},
            {with_part(R"({"type":"input_audio"})"), "input.0.content.0.input_audio: is required"},
            {with_part(R"({"type":"input_file","filename":7})"), "input.0.content.0.filename: must be a string"},
            {with_item(R"({"type":"reasoning","summary":"x"})"), "input.0.summary: must be a list"},
            {with_item(R"({"type":"reasoning","content":[{"text":7}]})"), "input.0.content.0.text: must be a string"},
            {with_item(R"({"type":"reasoning","encrypted_content":7})"), "input.0.encrypted_content: must be a string"},
            {with_item(R"({"type":"function_call","name":"f"})"), "input.0.call_id: is required"},
            {with_item(R"({"type":"function_call","call_id":"c"})"), "input.0.name: is required"},
            {with_item(R"({"type":"function_call","call_id":"c","name":"f","arguments":{}})"),
             "input.0.arguments: must be a string"},
            {with_item(R"({"type":"custom_tool_call","call_id":"c","name":"f","input":{}})"),
             "input.0.input: must be a string"},
            {with_item(R"({"type":"function_call_output","output":"x"})"), "input.0.call_id: is required"},
            {with_item(R"({"type":"function_call_output","call_id":"c","output":7})"),
             "input.0.output: must be a string, a list or an object"},
            {with_item(R"({"type":"additional_tools","tools":[{"type":"function"}]})"), "input.0.tools.0.name: is required"},
        });
}

TEST(responses_request, what_is_wrong_in_a_member_is_named_by_its_path) {
    request_test::expect_refusals(
        Dialect::responses,
        {
            {request(hi, R"("instructions":[])"), "instructions: must be a string"},
            {request(hi, R"("max_output_tokens":"9")"), "max_output_tokens: must be an integer"},
            {request(hi, R"("temperature":"hot")"), "temperature: must be a number"},
            {request(hi, R"("seed":"1")"), "seed: must be a number"},
            {request(hi, R"("stop":7)"), "stop: must be a string or a list of strings"},
            {request(hi, R"("stop":[7])"), "stop: must be a list of strings"},
            {request(hi, R"("top_logprobs":"3")"), "top_logprobs: must be an integer"},
            {request(hi, R"("stream":"true")"), "stream: must be a boolean"},
            {request(hi, R"("background":1)"), "background: must be a boolean"},
            {request(hi, R"("previous_response_id":7)"), "previous_response_id: must be a string"},
            {request(hi, R"("reasoning":"low")"), "reasoning: must be an object"},
            {request(hi, R"("reasoning":{"effort":"huge"})"),
             "reasoning.effort: must be an effort such as low, medium or high"},
            {request(hi, R"("reasoning":{"summary":7})"), "reasoning.summary: must be a string"},
            {request(hi, R"("include":"x")"), "include: must be a list"},
            {request(hi, R"("text":"x")"), "text: must be an object"},
            {request(hi, R"("text":{"format":{}})"), "text.format.type: is required"},
            {request(hi, R"("text":{"format":{"type":"xml"}})"), "text.format.type: must be text, json_object or json_schema"},
            {request(hi, R"("text":{"format":{"type":"json_schema","schema":{}}})"), "text.format.name: is required"},
            {request(hi, R"("text":{"format":{"type":"json_schema","name":"N"}})"), "text.format.schema: is required"},
        });
}

TEST(responses_request, what_is_wrong_with_tools_is_named_by_its_path) {
    request_test::expect_refusals(
        Dialect::responses,
        {
            {request(hi, R"("tools":{})"), "tools: must be a list"},
            {request(hi, R"("tools":[{}])"), "tools.0.type: is required"},
            {request(hi, R"("tools":[{"type":"function"}])"), "tools.0.name: is required"},
            {request(hi, R"("tools":[{"type":"function","function":{}}])"), "tools.0.function.name: is required"},
            {request(hi, R"("tools":[{"type":"function","name":"f","parameters":"x"}])"),
             "tools.0.parameters: must be an object"},
            {request(hi, R"("tools":[{"type":"function","name":"f"},{"type":"custom","name":"f"}])"),
             "tools.1.name: another tool has the same name"},
            {request(
                 hi,
                 R"("tools":[{"type":"function","name":"n__f"},{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]}])"),
             "tools.1.tools.0.name: another tool has the same name"},
            {request(hi, R"("tools":[{"type":"custom","name":"p","format":{"type":"grammar"}}])"),
             "tools.0.format.definition: is required"},
            {request(hi, R"("tool_choice":"required")"), "tool_choice: requires at least one usable tool"},
            {request(hi, R"("tool_choice":{"type":"function","name":"f"})"), "tool_choice: requires at least one usable tool"},
            {request(hi, R"("tool_choice":"sometimes")"), "tool_choice: must be auto, none, required or an object"},
            {request(hi, R"("tool_choice":7)"), "tool_choice: must be an object"},
            {request(hi, R"("tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"g"})"),
             "tool_choice: there is no tool named 'g'"},
            {request(hi, R"("tool_choice":{"type":"allowed_tools","tools":[]})"), "tool_choice.mode: is required"},
            {request(hi, R"("tool_choice":{"type":"allowed_tools","mode":"never","tools":[]})"),
             "tool_choice.mode: must be auto or required"},
            {request(hi, R"("parallel_tool_calls":1)"), "parallel_tool_calls: must be a boolean"},
            {request(hi, R"("chat_template_kwargs":7)"), "chat_template_kwargs: must be an object"},
        });
}

TEST(responses_request, ten_thousand_calls_with_outputs_in_reverse_are_mapped) {
    constexpr int count = 10'000;
    std::string items = q;
    for (int i = 0; i < count; ++i) items += "," + call(std::to_string(i));
    for (int i = count; i-- > 0;) items += "," + output(std::to_string(i), "\"x\"");
    const auto read = api::Request::read(Dialect::responses, "/v1/responses", request("[" + items + "]"));
    const auto body = json::parse(read.value().body_for(base::ModelName("m"), {}));
    const json::Value messages = body.value().root()["messages"];
    EXPECT_EQ(messages.size(), 2U + count);
    int expected = 0;
    for (const json::Value message : messages.elements()) {
        if (const auto id = message["tool_call_id"].as_string()) {
            EXPECT_EQ(*id, std::to_string(expected++));
        }
    }
    EXPECT_EQ(expected, count);
}

}  // namespace
