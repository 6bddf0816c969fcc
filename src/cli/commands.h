// The commands beside `serve`. Each answers the process's exit code.
#pragma once

#include "options.h"

namespace cli {

// Version, commit, OpenSSL and compiler.
[[nodiscard]] int version();

// Asks the proxy that runs with these options for /health, over TLS on its own address: 0 if it answers, else 1 and why.
[[nodiscard]] int healthcheck(const Options& options);

// Starts a simulated relay (e2ee-sim beside this program) and a proxy, sends requests, and shows what each party saw.
[[nodiscard]] int demo();

}  // namespace cli
