// e2ee-proxy: reads the configuration, makes what the commands need, runs one of them.
#include "base/log.h"
#include "cli/commands.h"
#include "options.h"
#include "proxy/server.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

constexpr int exit_usage = 2;

// "2026-01-31T12:00:00.123Z"
std::string utc_now() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    char milliseconds[8];
    std::snprintf(milliseconds, sizeof milliseconds, ".%03dZ", static_cast<int>(now.tv_nsec / 1'000'000));
    return std::string(text, length) + milliseconds;
}

// One write per line, so that lines of different threads do not mix.
void write_line(std::string_view line) {
    std::string whole(line);
    whole += '\n';
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

// Prompts and keys must not end in a core file, nor be read by another process of this user.
void forbid_core_dumps() {
    constexpr rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
    prctl(PR_SET_DUMPABLE, 0);  // the leak checker of sanitized builds has to attach to the process
#endif
}

int fail(const base::Error& error) {
    std::fprintf(stderr, "e2ee-proxy: %s\n", error.detail.c_str());
    return error.kind == base::ErrorKind::invalid_configuration ? exit_usage : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
    forbid_core_dumps();
    const auto line = parse_command_line(argc, argv, [](const char* name) -> const char* { return std::getenv(name); });
    if (!line) return fail(line.error());
    if (!line->text.empty()) {
        std::fputs(line->text.c_str(), stdout);
        return EXIT_SUCCESS;
    }
    const base::Log log({line->options.log_level, line->options.log_format, write_line, utc_now});
    if (line->command == "version") return cli::version();
    if (line->command == "healthcheck") return cli::healthcheck(line->options);
    if (line->command == "demo") return cli::demo();
    const auto served = proxy::serve(line->options, log);
    return served ? EXIT_SUCCESS : fail(served.error());
}
