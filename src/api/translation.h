// What a request in a translated dialect becomes. Made by messages_request and responses_request, kept by Request.
#pragma once

#include "api/reply_context.h"

#include <optional>
#include <string>

namespace api {

struct Translation {
    std::string members;           // a JSON object: the chat completion but for `model` and `chat_template_kwargs`
    std::optional<bool> thinking;  // as the dialect's own member asks
    ReplyContext context;          // what only the dialect knows of it
};

}  // namespace api
