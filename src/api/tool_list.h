// The functions an instance is offered and which of them it must call: what Claude and Responses requests share of tools
// (formats page §1.1, §1.4).
#pragma once

#include "api/fields.h"
#include "json/json.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace api {

struct FunctionTool {
    std::string name;
    std::optional<std::string> description = {};
    std::string parameters;  // JSON
    std::optional<bool> strict = {};
};

// The client's schema, else the one of a function without parameters.
[[nodiscard]] std::string parameters_or_none(json::Value schema);

class ToolList {
public:
    // false, and nothing added, if the name is there already.
    [[nodiscard]] bool add(FunctionTool tool);
    [[nodiscard]] bool contains(std::string_view name) const { return names_.contains(name); }
    [[nodiscard]] bool empty() const { return tools_.empty(); }
    void keep_only(const std::set<std::string, std::less<>>& names);
    [[nodiscard]] std::size_t text_bytes() const;

    void write(json::Writer& writer) const;

private:
    std::vector<FunctionTool> tools_;
    std::set<std::string, std::less<>> names_;
};

struct ToolChoice {
    enum class Kind : std::uint8_t { unset, automatic, none, required, named };
    Kind kind = Kind::unset;
    std::string name = {};  // of a function in the list, if named

    // "auto" or "required", as the two APIs write them; unset for anything else.
    static Kind mode(std::string_view word);
};

struct ToolSettings {
    ToolChoice choice = {};
    std::optional<bool> parallel = {};
};

// `tools`, `tool_choice` and `parallel_tool_calls`, all left out if there are no tools. A choice that cannot be met is a fault.
void write_tools(json::Writer& writer, const ToolList& tools, const ToolSettings& settings, Faults& faults);

}  // namespace api
