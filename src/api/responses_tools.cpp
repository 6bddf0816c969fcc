#include "api/responses_tools.h"

#include "api/conversation.h"

#include <utility>

namespace api {
namespace {

constexpr std::string_view separator = "__";

std::string full_name(std::string_view name_space, std::string_view name) {
    if (name_space.empty()) return std::string(name);
    return std::string(name_space).append(separator).append(name);
}

// Functions and choices of them stand flat, as the API has it, or nested, as chat completions have it.
Fields spec_of(const Fields& owner) {
    return owner.opaque("function").present() ? owner.in("function") : owner;
}

// A free-form tool becomes a function of one string; its grammar can only be described.
constexpr std::string_view custom_parameters =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false})";

std::optional<std::string> custom_description(const Fields& tool) {
    std::optional<std::string> description;
    if (const auto text = tool.text("description")) description = *text;
    const Fields format = tool.in("format");
    if (format.text("type").value_or("") != "grammar") return description;
    std::string grammar = "The input must match this ";
    grammar.append(format.text("syntax").value_or("")).append(" grammar:\n").append(format.needed_text("definition"));
    std::string whole = description.value_or("");
    join_onto(whole, "\n\n", grammar);
    return whole;
}

}  // namespace

std::string function_name(const Fields& owner) {
    return full_name(owner.text("namespace").value_or(""), owner.needed_name("name"));
}

std::vector<std::string> ResponsesTools::add(const Fields& owner, Repeated repeated) {
    std::vector<std::string> names;
    const Adding adding{.repeated = repeated, .name_space = {}, .names = names};
    for_each_object(owner, "tools", [&](const Fields& tool) { add_tool(tool, adding); });
    return names;
}

void ResponsesTools::add_tool(const Fields& tool, const Adding& adding) {
    const std::string_view type = tool.needed_name("type");
    if (type == "function") {
        add_function(tool, adding);
    } else if (type == "custom") {
        add_custom(tool, adding);
    } else if (type == "tool_search" && tool.text("execution").value_or("") == "client") {
        add_search(tool, adding);
    } else if (type == "namespace" && adding.name_space.empty()) {
        const Adding inside{.repeated = adding.repeated, .name_space = tool.needed_name("name"), .names = adding.names};
        for_each_object(tool, "tools", [&](const Fields& inner) { add_tool(inner, inside); });
    }
}

void ResponsesTools::add_function(const Fields& tool, const Adding& adding) {
    const Fields spec = spec_of(tool);
    const std::string_view name = spec.needed_name("name");
    FunctionTool function{.name = full_name(adding.name_space, name),
                          .parameters = parameters_or_none(spec.object("parameters"))};
    if (const auto description = spec.text("description")) function.description = *description;
    function.strict = spec.flag("strict");
    add_to_list(spec, adding, std::move(function), {ToolKind::function, std::string(name), std::string(adding.name_space)});
}

void ResponsesTools::add_custom(const Fields& tool, const Adding& adding) {
    const std::string_view name = tool.needed_name("name");
    FunctionTool function{.name = full_name(adding.name_space, name),
                          .description = custom_description(tool),
                          .parameters = std::string(custom_parameters)};
    add_to_list(tool, adding, std::move(function), {ToolKind::custom, std::string(name), std::string(adding.name_space)});
}

void ResponsesTools::add_search(const Fields& tool, const Adding& adding) {
    FunctionTool function{.name = std::string(tool_search_name), .parameters = parameters_or_none(tool.object("parameters"))};
    if (const auto description = tool.text("description")) function.description = *description;
    add_to_list(tool, adding, std::move(function), {ToolKind::tool_search, std::string(tool_search_name), {}});
}

void ResponsesTools::add_to_list(const Fields& tool, const Adding& adding, FunctionTool function, ToolOrigin origin) {
    const std::string name = function.name;
    adding.names.push_back(name);
    if (!list_.add(std::move(function))) {
        if (adding.repeated == Repeated::is_fault) tool.fault("name", "another tool has the same name");
        return;
    }
    if (origin.kind != ToolKind::function || !origin.name_space.empty()) origins_.emplace(name, std::move(origin));
}

ToolSettings ResponsesTools::settings(const Fields& request) {
    ToolSettings settings;
    settings.parallel = request.flag("parallel_tool_calls");
    const json::Value value = request.opaque("tool_choice");
    if (!value.present()) return settings;
    if (const auto word = value.as_string()) {
        settings.choice.kind = *word == "none" ? ToolChoice::Kind::none : ToolChoice::mode(*word);
        if (settings.choice.kind == ToolChoice::Kind::unset)
            request.fault("tool_choice", "must be auto, none, required or an object");
        return settings;
    }
    const Fields choice = request.in("tool_choice");
    const std::string_view type = choice.needed_name("type");
    if (type == "function" || type == "custom") {
        settings.choice = {.kind = ToolChoice::Kind::named, .name = function_name(spec_of(choice))};
    } else if (type == "allowed_tools") {
        settings.choice = allowed(choice);
    } else if (type == tool_search_name && list_.contains(tool_search_name)) {
        settings.choice = {.kind = ToolChoice::Kind::named, .name = std::string(tool_search_name)};
    } else {
        std::string message = "tool_choice: '";
        message.append(excerpt(type)).append("' tools are not supported by this proxy");
        request.faults().report({400, std::move(message), "tool_choice", "unsupported_parameter"});
    }
    return settings;
}

ToolChoice ResponsesTools::allowed(const Fields& choice) {
    const ToolChoice::Kind mode = ToolChoice::mode(choice.needed_name("mode"));
    if (mode == ToolChoice::Kind::unset) choice.fault("mode", "must be auto or required");
    std::set<std::string, std::less<>> names;
    std::set<std::string_view> name_spaces;
    for_each_object(choice, "tools", [&](const Fields& tool) {
        const std::string_view type = tool.needed_name("type");
        if (type == tool_search_name) names.emplace(tool_search_name);
        if (type == "namespace") name_spaces.insert(tool.needed_name("name"));
        if (type != "function" && type != "custom") return;
        std::string name = function_name(spec_of(tool));
        if (!list_.contains(name)) tool.fault_here("there is no tool named '" + excerpt(name) + "'");
        names.insert(std::move(name));
    });
    for (const auto& [name, origin] : origins_) {
        if (name_spaces.contains(origin.name_space)) names.insert(name);
    }
    list_.keep_only(names);
    return {.kind = mode};
}

}  // namespace api
