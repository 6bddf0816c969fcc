#include "api/tool_list.h"

#include <utility>

namespace api {
namespace {

void write_tool(json::Writer& writer, const FunctionTool& tool) {
    writer.begin_object().member("type", "function").key("function").begin_object().member("name", tool.name);
    if (tool.description) writer.member("description", *tool.description);
    writer.member_raw("parameters", tool.parameters);
    if (tool.strict) writer.member_boolean("strict", *tool.strict);
    writer.end_object().end_object();
}

void write_choice(json::Writer& writer, const ToolChoice& choice) {
    switch (choice.kind) {
        case ToolChoice::Kind::unset:
            break;
        case ToolChoice::Kind::automatic:
            writer.member("tool_choice", "auto");
            break;
        case ToolChoice::Kind::none:
            writer.member("tool_choice", "none");
            break;
        case ToolChoice::Kind::required:
            writer.member("tool_choice", "required");
            break;
        case ToolChoice::Kind::named:
            writer.key("tool_choice").begin_object().member("type", "function").key("function").begin_object();
            writer.member("name", choice.name).end_object().end_object();
            break;
    }
}

}  // namespace

std::string parameters_or_none(json::Value schema) {
    return schema.present() ? schema.dump() : R"({"type":"object","properties":{}})";
}

bool ToolList::add(FunctionTool tool) {
    if (!names_.insert(tool.name).second) return false;
    tools_.push_back(std::move(tool));
    return true;
}

void ToolList::keep_only(const std::set<std::string, std::less<>>& names) {
    std::erase_if(tools_, [&](const FunctionTool& tool) { return !names.contains(tool.name); });
    std::erase_if(names_, [&](const std::string& name) { return !names.contains(name); });
}

std::size_t ToolList::text_bytes() const {
    std::size_t bytes = 0;
    for (const FunctionTool& tool : tools_) {
        bytes += tool.name.size() + tool.parameters.size() + (tool.description ? tool.description->size() : 0);
    }
    return bytes;
}

void ToolList::write(json::Writer& writer) const {
    writer.begin_array();
    for (const FunctionTool& tool : tools_) write_tool(writer, tool);
    writer.end_array();
}

ToolChoice::Kind ToolChoice::mode(std::string_view word) {
    if (word == "auto") return Kind::automatic;
    if (word == "required") return Kind::required;
    return Kind::unset;
}

void write_tools(json::Writer& writer, const ToolList& tools, const ToolSettings& settings, Faults& faults) {
    const auto& [choice, parallel] = settings;
    if (tools.empty()) {
        if (choice.kind == ToolChoice::Kind::required || choice.kind == ToolChoice::Kind::named) {
            faults.report("tool_choice", "requires at least one usable tool");
        }
        return;
    }
    if (choice.kind == ToolChoice::Kind::named && !tools.contains(choice.name)) {
        faults.report("tool_choice", "there is no tool named '" + excerpt(choice.name) + "'");
    }
    tools.write(writer.key("tools"));
    write_choice(writer, choice);
    if (parallel) writer.member_boolean("parallel_tool_calls", *parallel);
}

}  // namespace api
