// The configuration: flag > environment > file (--config) > default. One table in options.cpp makes the parsing, `--help`,
// the file's keys and the README's table.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "net/client.h"
#include "net/server.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct Options {
    std::string tls_cert, tls_key, tls_ca;  // PEM files
    bool tls_self_signed = false;
    std::string tls_domain;
    std::string state_dir;
    std::string ca_file;
    bool allow_non_confidential = false;

    net::ListenAddress listen;
    std::optional<net::ListenAddress> redirect_listen;
    std::optional<net::ListenAddress> plain_listen;
    bool unsafe_plain_anywhere = false;
    std::vector<std::string> allowed_hosts;  // empty: the certificate's names and loopback
    std::vector<std::string> cors_origins;

    net::Origin models_upstream, api_upstream;
    std::string ssl_cert_file, ssl_cert_dir;
    std::optional<net::ProxyAddress> https_proxy;
    std::string no_proxy;
    base::ApiKey api_key;                         // ours, lent to callers with a token
    std::vector<base::SecretText> client_tokens;  // who may borrow it

    std::size_t max_body = 0;  // bytes
    std::size_t max_connections = 0;
    std::size_t max_in_flight = 0;
    std::chrono::milliseconds connect_timeout{}, header_timeout{}, idle_timeout{}, drain_timeout{};
    unsigned workers = 1;
    base::LogLevel log_level = base::LogLevel::info;
    base::LogFormat log_format = base::LogFormat::text;
};

// What the command line asked for.
struct CommandLine {
    std::string command;  // "serve" if none was named
    Options options;
    std::string text;  // for --help and the like: print it and exit 0
};

// The environment as a function, so that tests need none. nullptr or empty: unset.
using Environment = std::function<const char*(const char* name)>;

// `invalid_configuration` names the flag, variable or file key and says what it would take.
[[nodiscard]] base::Result<CommandLine> parse_command_line(int argc, const char* const* argv, const Environment& environment);

// The variables as a Markdown table, for the README (a test holds them equal).
[[nodiscard]] std::string options_table();
