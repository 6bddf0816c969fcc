#include "cli/commands.h"
#include "net/probe.h"

#include <cstdio>

namespace cli {

int healthcheck(const Options& options) {
    // A proxy that listens everywhere is asked on loopback.
    std::string host = options.listen.host;
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    const auto status = net::ask_health(host, options.listen.port);
    if (status && *status == 200) return 0;
    const std::string why = status ? "it answers " + std::to_string(*status) : status.error().detail;
    std::fprintf(stderr, "e2ee-proxy: not healthy on %s port %u: %s\n", host.c_str(), options.listen.port, why.c_str());
    return 1;
}

}  // namespace cli
