// The items of a Responses request's `input` as messages (formats page §1.4, the item table).
#pragma once

#include "api/conversation.h"
#include "api/fields.h"
#include "api/responses_tools.h"

namespace api {

// Adds the messages that `input` stands for, and the tools that its items bring along.
void read_items(const Fields& request, Conversation& conversation, ResponsesTools& tools);

}  // namespace api
