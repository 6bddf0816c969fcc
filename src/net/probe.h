// For the commands: a question to the proxy that runs on this machine, and what OpenSSL this is.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>

namespace net {

// Text of the linked OpenSSL's version.
[[nodiscard]] std::string tls_library_version();

// GET /health over TLS from an address of this machine, within a few seconds: the status line's code. The certificate is not
// verified: the question is whether this machine's own proxy answers, and nothing secret is sent.
[[nodiscard]] base::Result<int> ask_health(const std::string& host, std::uint16_t port);

}  // namespace net
