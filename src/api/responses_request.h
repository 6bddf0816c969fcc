// OpenAI Responses → chat completion (formats page §1.4). Items are in responses_items.h, tools in responses_tools.h.
#pragma once

#include "api/fields.h"
#include "api/translation.h"

namespace api {

// What is wrong goes to the request's faults; the translation is of no use then.
[[nodiscard]] Translation translate_responses(const Fields& request);

}  // namespace api
