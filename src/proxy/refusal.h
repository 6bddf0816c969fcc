// What an answer of the relay that is not a 200 means for the attempt that earned it: the table of docs/protocol.md
// ("Invocation"). Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace proxy {

enum class Refusal : std::uint8_t {
    pass_on,          // the client's to know: account errors, a path that is not public, a rejected request
    nonce,            // the nonce was not good: drop the pool, discover again, once
    wrong_chute,      // the pool is wrong about its instances: discover again, once
    instance,         // this instance cannot: try another one
    instance_full,    // this instance is busy: try another one; it is not ill
    instance_status,  // the instance answered an error of its own: try another one, once
};

[[nodiscard]] Refusal judge_refusal(unsigned status, std::string_view body);

}  // namespace proxy
