// The simulator's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sim {

struct Options {
    std::string listen = "127.0.0.1:0";
    std::string plain = "127.0.0.1:0";
    std::string admin = "127.0.0.1:0";
    std::string tls_cert;
    std::string tls_key;
    std::string write_ca;
    std::string log_file;
    std::string announce;
    std::optional<std::uint64_t> seed;
    bool exit_with_stdin = false;
};

// The options, or the exit code when the command line asked for help or is wrong (already printed).
struct ParsedOptions {
    std::optional<Options> options;
    int exit_code = 0;
};
[[nodiscard]] ParsedOptions parse_options(int argc, char** argv);

}  // namespace sim
