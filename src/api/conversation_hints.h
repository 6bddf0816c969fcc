// What tells conversations apart when no session header does (protocol page §6). Read off the client's JSON leniently, the same
// way for every dialect and path: a hint that is not there is empty, nothing is an error.
#pragma once

#include "json/json.h"

#include <string_view>

namespace api {

// Views into the document.
struct ConversationHints {
    std::string_view prompt_cache_key;
    std::string_view user;        // metadata.user_id, else user
    std::string_view system;      // the first system text; Claude Code's billing header, which changes, does not count
    std::string_view first_user;  // of the first user message, the last text: agents put the same context before it
};

[[nodiscard]] ConversationHints conversation_hints(json::Value request);

// Claude Code's first system block; it is meant for the vendor's accounting and is not sent to the model.
[[nodiscard]] bool is_billing_header(std::string_view system_text);

}  // namespace api
