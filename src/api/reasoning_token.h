// Reasoning items of the Responses API carry their text through clients that keep nothing else of them: `encrypted_content` is
// the text itself behind a prefix of ours (formats page §1.5). It hides nothing, it only is opaque: the client has the text
// anyway.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace api {

// "e2p1." and the text in base64.
[[nodiscard]] std::string encode_reasoning(std::string_view text);

// nullopt for what encode_reasoning did not write: another service's content is ignored.
[[nodiscard]] std::optional<std::string> decode_reasoning(std::string_view encrypted_content);

}  // namespace api
