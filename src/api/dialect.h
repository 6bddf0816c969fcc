// The three APIs a client may speak.
#pragma once

#include <cstdint>

namespace api {

enum class Dialect : std::uint8_t {
    chat,       // OpenAI chat completions, and every other path that is passed on as it is
    messages,   // Claude Messages
    responses,  // OpenAI Responses
};

}  // namespace api
