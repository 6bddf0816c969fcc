// Which tools a chat request wants called, and with what arguments.
#pragma once

#include "json/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace sim {

struct ToolCall {
    std::string id;
    std::string name;
    std::string arguments;  // JSON text
};

[[nodiscard]] std::vector<ToolCall> wanted_tool_calls(json::Value body, std::string_view last_user_text);

}  // namespace sim
