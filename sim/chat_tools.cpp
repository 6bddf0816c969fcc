#include "sim/chat_tools.h"

namespace sim {
namespace {

// A value of each property's type; strings repeat what the user said.
std::string arguments_for(json::Value parameters, std::string_view user_text) {
    json::Writer out;
    out.begin_object();
    for (const json::Member property : parameters["properties"].members()) {
        const std::string_view type = property.value["type"].as_string().value_or("string");
        out.key(property.name);
        if (type == "integer") {
            out.integer(7);
        } else if (type == "number") {
            out.raw("1.5");
        } else if (type == "boolean") {
            out.boolean(true);
        } else if (type == "array") {
            out.raw("[]");
        } else if (type == "object") {
            out.raw("{}");
        } else {
            out.string(user_text);
        }
    }
    return out.end_object().take();
}

bool names_after_call(std::string_view text, std::string_view name) {
    const std::size_t call = text.find("call ");
    return call != std::string_view::npos && text.find(name, call) != std::string_view::npos;
}

}  // namespace

std::vector<ToolCall> wanted_tool_calls(json::Value body, std::string_view last_user_text) {
    const json::Value choice = body["tool_choice"];
    if (choice.as_string() == "none") return {};
    const std::string_view demanded = choice["function"]["name"].as_string().value_or("");
    const bool any = choice.as_string() == "required" || last_user_text.find("use a tool") != std::string_view::npos;

    std::vector<ToolCall> calls;
    for (const json::Value tool : body["tools"].elements()) {
        const std::string_view name = tool["function"]["name"].as_string().value_or("");
        const bool wanted = demanded.empty() ? names_after_call(last_user_text, name) : name == demanded;
        if (!name.empty() && wanted) {
            calls.push_back({"call_" + std::to_string(calls.size()) + "_" + std::string(name), std::string(name),
                             arguments_for(tool["function"]["parameters"], last_user_text)});
        }
    }
    const json::Array tools = body["tools"].elements();
    if (calls.empty() && any && tools.begin() != tools.end()) {
        const json::Value function = (*tools.begin())["function"];
        const std::string name(function["name"].as_string().value_or("f"));
        calls.push_back({"call_0_" + name, name, arguments_for(function["parameters"], last_user_text)});
    }
    return calls;
}

}  // namespace sim
