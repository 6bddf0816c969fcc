// The running proxy: one event loop per thread, its listeners, and the signals that end or reload it.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "options.h"

namespace proxy {

// Serves until SIGTERM or SIGINT: then it stops accepting, lets running requests finish up to the drain time (a second signal
// ends them at once), and returns. SIGHUP reloads certificate and key. `invalid_configuration` for what keeps it from starting.
[[nodiscard]] base::Result<void> serve(const Options& options, const base::Log& log);

}  // namespace proxy
