// Standard base64 with padding (RFC 4648 §4), strict: no white space, no missing padding, no stray bits in the last group.
#pragma once

#include "base/bytes.h"

#include <optional>
#include <string>
#include <string_view>

namespace base {

[[nodiscard]] std::string base64_encode(ByteView bytes);

// nullopt unless `text` is exactly what base64_encode writes for some bytes.
[[nodiscard]] std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace base
