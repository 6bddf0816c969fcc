#include "api/reasoning_token.h"

#include "base/base64.h"
#include "json/json.h"

namespace api {
namespace {

constexpr std::string_view prefix = "e2p1.";

}  // namespace

std::string encode_reasoning(std::string_view text) {
    return std::string(prefix) + base::base64_encode(base::as_bytes(text));
}

std::optional<std::string> decode_reasoning(std::string_view encrypted_content) {
    if (!encrypted_content.starts_with(prefix)) return std::nullopt;
    const auto bytes = base::base64_decode(encrypted_content.substr(prefix.size()));
    if (!bytes) return std::nullopt;
    std::string quoted;
    json::append_string(quoted, base::as_text(*bytes));
    if (!json::parse(quoted)) return std::nullopt;  // not UTF-8: nothing of ours
    return std::string(base::as_text(*bytes));
}

}  // namespace api
