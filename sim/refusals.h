// The relay's refusals, word for word (protocol page §4, §5).
#pragma once

#include "sim/faults.h"
#include "sim/reply.h"

#include <optional>
#include <string_view>

namespace sim {

// The reply of a fault that is a refusal, on whichever path; nullopt for other faults.
[[nodiscard]] std::optional<Reply> refusal(const Hit& fault);

// "Instance returned status N"
[[nodiscard]] Reply instance_returned(int status);
// The model server's 400 in a form nobody can read.
[[nodiscard]] Reply opaque_400(std::string_view model_server_body);
[[nodiscard]] Reply account_refusal(int status);

}  // namespace sim
