#include "api/reply_support.h"

namespace reply_test {

namespace {

std::string value_or(json::Value value, std::string otherwise) {
    return value.is_null_or_absent() ? otherwise : value.dump();
}

}  // namespace

api::ReplyContext context_of(api::Dialect dialect, std::string_view request) {
    const auto parsed = json::parse(request);
    const json::Value root = parsed.value().root();
    api::ReplyContext context;
    context.dialect = dialect;
    context.model = root["model"].as_string().value_or("");
    context.stream = true;
    for (const json::Value stop : root["stop_sequences"].elements()) context.stop_sequences.emplace_back(*stop.as_string());
    context.reasoning_summary = !root["reasoning"]["summary"].is_null_or_absent();
    context.encrypted_reasoning = root["include"].size() > 0;
    for (const json::Value tool : root["tools"].elements()) {
        const std::string name(tool["name"].as_string().value_or("tool_search"));
        const auto type = tool["type"].as_string();
        if (type == "custom") context.tools[name] = {api::ToolKind::custom, name, ""};
        if (type == "tool_search") context.tools[name] = {api::ToolKind::tool_search, name, ""};
        if (type == "namespace") {
            for (const json::Value inner : tool["tools"].elements()) {
                const std::string inner_name(inner["name"].as_string().value_or(""));
                context.tools[name + "__" + inner_name] = {api::ToolKind::function, inner_name, name};
            }
        }
    }
    json::Writer reasoning;
    reasoning.begin_object().member_raw("effort", value_or(root["reasoning"]["effort"], "null"));
    reasoning.member_raw("summary", value_or(root["reasoning"]["summary"], "null")).end_object();
    const std::pair<std::string_view, std::string> defaults[] = {{"instructions", "null"},
                                                                 {"max_output_tokens", "null"},
                                                                 {"max_tool_calls", "null"},
                                                                 {"metadata", "{}"},
                                                                 {"parallel_tool_calls", "true"},
                                                                 {"previous_response_id", "null"},
                                                                 {"store", "false"},
                                                                 {"temperature", "1.0"},
                                                                 {"text", R"({"format":{"type":"text"}})"},
                                                                 {"tool_choice", "\"auto\""},
                                                                 {"tools", "[]"},
                                                                 {"top_logprobs", "0"},
                                                                 {"top_p", "1.0"},
                                                                 {"truncation", "\"disabled\""},
                                                                 {"user", "null"}};
    for (const auto& [name, otherwise] : defaults) context.echo.push_back({name, value_or(root[name], otherwise)});
    context.echo.push_back({"reasoning", reasoning.take()});
    return context;
}

}  // namespace reply_test
