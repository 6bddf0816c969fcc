#include "cli/commands.h"
#include "net/probe.h"

#include <cstdio>

#ifndef E2EE_COMMIT
#define E2EE_COMMIT "unknown"
#endif

namespace cli {

int version() {
    std::printf("e2ee-proxy %s (commit %s)\n%s\nbuilt with %s%s\n", E2EE_VERSION, E2EE_COMMIT,
                net::tls_library_version().c_str(), __VERSION__,
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
                ", AddressSanitizer"
#else
                ""
#endif
    );
    return 0;
}

}  // namespace cli
