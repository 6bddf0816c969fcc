// Claude Messages → chat completion (formats page §1.1, §1.2).
#pragma once

#include "api/fields.h"
#include "api/translation.h"

#include <cstdint>

namespace api {

// What is wrong goes to the request's faults; the translation is of no use then.
[[nodiscard]] Translation translate_messages(const Fields& request);

// ⌈text bytes / 4⌉ + 1600 for each image over what the instance would be sent, at least 1 (§1.6).
[[nodiscard]] std::int64_t estimate_tokens(const Fields& request);

}  // namespace api
