// The tools of a Responses request as functions, and how calls of them go back (formats page §1.4, the tool table).
#pragma once

#include "api/fields.h"
#include "api/reply_context.h"
#include "api/tool_list.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace api {

// The function of tool search that the client executes.
inline constexpr std::string_view tool_search_name = "tool_search";

// "NAMESPACE__NAME" for what has a `namespace`, else its `name`: of tools, choices and calls alike.
[[nodiscard]] std::string function_name(const Fields& owner);

class ResponsesTools {
public:
    enum class Repeated : std::uint8_t {
        is_fault,  // in the request's own list
        is_known,  // in the history, which says again what was found before
    };

    // Adds what is supported of `owner`'s list `tools`. The names of the functions it stands for, known ones included.
    std::vector<std::string> add(const Fields& owner, Repeated repeated);

    // Reads `tool_choice` and `parallel_tool_calls`, after the last add(); allowed_tools takes all others off the list.
    [[nodiscard]] ToolSettings settings(const Fields& request);

    [[nodiscard]] const ToolList& list() const { return list_; }
    [[nodiscard]] std::map<std::string, ToolOrigin, std::less<>> take_origins() { return std::move(origins_); }

private:
    struct Adding {
        Repeated repeated;
        std::string_view name_space;
        std::vector<std::string>& names;
    };

    void add_tool(const Fields& tool, const Adding& adding);
    void add_function(const Fields& tool, const Adding& adding);
    void add_custom(const Fields& tool, const Adding& adding);
    void add_search(const Fields& tool, const Adding& adding);
    void add_to_list(const Fields& tool, const Adding& adding, FunctionTool function, ToolOrigin origin);
    [[nodiscard]] ToolChoice allowed(const Fields& choice);

    ToolList list_;
    std::map<std::string, ToolOrigin, std::less<>> origins_;
};

}  // namespace api
