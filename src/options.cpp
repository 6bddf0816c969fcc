#include "options.h"

#include "base/limits.h"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <thread>

namespace {

using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;
using Problem = std::optional<std::string>;  // what a value should have been; nullopt: it was good

// --- values ---------------------------------------------------------------------------------------------------------

Problem read_bool(const std::string& text, bool& into) {
    std::string lower = text;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") {
        into = true;
    } else if (lower == "false" || lower == "0" || lower == "no" || lower == "off") {
        into = false;
    } else {
        return "must be true or false";
    }
    return std::nullopt;
}

template <class Number>
Problem read_number(const std::string& text, Number least, Number most, Number& into) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    }
    into = value;
    return std::nullopt;
}

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// A whole number with one of the units; without one it counts in the first.
std::optional<std::int64_t> read_scaled(std::string_view text, std::span<const Unit> units) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0) return std::nullopt;
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    for (const auto& [name, factor] : units) {
        if (unit == name || (unit.empty() && name == units.front().name)) {
            std::int64_t product = 0;
            return __builtin_mul_overflow(value, factor, &product) ? std::nullopt : std::optional(product);
        }
    }
    return std::nullopt;
}

Problem read_duration(const std::string& text, milliseconds& into) {
    static constexpr std::array<Unit, 4> units = {{{"s", 1000}, {"ms", 1}, {"m", 60'000}, {"h", 3'600'000}}};
    const auto value = read_scaled(text, units);
    if (!value || *value < 1 || *value > 24 * 3'600'000) return "must be a time from 1ms to 24h, such as 500ms, 30s or 10m";
    into = milliseconds(*value);
    return std::nullopt;
}

Problem read_size(const std::string& text, std::size_t& into) {
    static constexpr std::array<Unit, 7> units = {{{"B", 1},
                                                   {"KiB", 1 << 10},
                                                   {"MiB", 1 << 20},
                                                   {"GiB", 1 << 30},
                                                   {"kB", 1000},
                                                   {"MB", 1000 * 1000},
                                                   {"GB", 1000 * 1000 * 1000}}};
    const auto value = read_scaled(text, units);
    if (!value || *value < 1024 || *value > (std::int64_t{1} << 30)) return "must be a size from 1KiB to 1GiB, such as 64MiB";
    into = static_cast<std::size_t>(*value);
    return std::nullopt;
}

// Splits "host:port" or "[v6]:port".
std::optional<std::pair<std::string, std::string>> split_port(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') != host.ends_with(']')) return std::nullopt;
    if (host.starts_with('[')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.contains(':')) {
        return std::nullopt;
    }
    return std::pair(host, text.substr(colon + 1));
}

bool is_ip(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || (is_ip(host) && host.starts_with("127."));
}

Problem read_listen(const std::string& text, net::ListenAddress& into) {
    constexpr auto expected = "must be ADDRESS:PORT with an IP address, such as 127.0.0.1:8443 or [::1]:8443";
    const auto parts = split_port(text);
    if (!parts || !is_ip(parts->first)) return expected;
    if (read_number<std::uint16_t>(parts->second, 0, 65535, into.port)) return expected;
    into.host = parts->first;
    return std::nullopt;
}

Problem read_optional_listen(const std::string& text, std::optional<net::ListenAddress>& into) {
    if (text == "off") {
        into.reset();
        return std::nullopt;
    }
    return read_listen(text, into.emplace());
}

Problem read_upstream(const std::string& text, net::Origin& into) {
    const auto origin = net::parse_origin(text);
    if (!origin || (origin->scheme == net::Scheme::http && !is_loopback(origin->host))) {
        return "must be https://HOST[:PORT] without a path (http:// only to this machine's loopback address)";
    }
    into = *origin;
    return std::nullopt;
}

Problem read_proxy(const std::string& text, std::optional<net::ProxyAddress>& into) {
    auto proxy = net::parse_proxy(text);
    if (!proxy) return "must be http://[USER:PASSWORD@]HOST:PORT";
    into = std::move(*proxy);
    return std::nullopt;
}

std::vector<std::string> split_list(const std::string& text) {
    std::vector<std::string> items;
    std::string item;
    std::istringstream in(text);
    while (std::getline(in, item, ',')) {
        const auto first = item.find_first_not_of(" \t");
        if (first == std::string::npos) continue;
        items.push_back(item.substr(first, item.find_last_not_of(" \t") - first + 1));
    }
    return items;
}

Problem read_list(const std::string& text, std::vector<std::string>& into) {
    into = split_list(text);
    return into.empty() ? Problem("must be a list with commas, or *") : std::nullopt;
}

Problem check_key(std::string_view text) {
    const bool good =
        !text.empty() && text.size() <= 4096 && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
    return good ? std::nullopt : Problem("must hold one key of printable characters without spaces");
}

// The lines of a small file of secrets; empty ones and those that begin with # do not count.
std::optional<std::vector<std::string>> secret_lines(const std::string& path) {
    std::ifstream in(path);
    if (!in) return std::nullopt;
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (!line.empty() && !line.starts_with('#')) lines.push_back(line);
    }
    return lines;
}

Problem read_key_file(const std::string& path, base::ApiKey& into) {
    if (!into.empty()) return "is set beside CHUTES_API_KEY: use one of them";
    const auto lines = secret_lines(path);
    if (!lines) return "cannot read the file " + path;
    if (lines->size() != 1) return "the file " + path + " must hold one key on one line";
    if (auto problem = check_key(lines->front())) return "the file " + path + " " + *problem;
    into = base::ApiKey(lines->front());
    return std::nullopt;
}

Problem read_tokens_file(const std::string& path, std::vector<base::SecretText>& into) {
    const auto lines = secret_lines(path);
    if (!lines) return "cannot read the file " + path;
    into.clear();
    for (const std::string& line : *lines) {
        if (check_key(line)) return "the file " + path + " must hold one token a line, of printable characters without spaces";
        into.emplace_back(line);
    }
    return into.empty() ? Problem("the file " + path + " holds no token") : std::nullopt;
}

Problem read_level(const std::string& text, base::LogLevel& into) {
    static constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) return "must be debug, info, warning or error";
    into = static_cast<base::LogLevel>(found - names.begin());
    return std::nullopt;
}

Problem read_format(const std::string& text, base::LogFormat& into) {
    if (text != "text" && text != "json") return "must be text or json";
    into = text == "json" ? base::LogFormat::json : base::LogFormat::text;
    return std::nullopt;
}

Problem read_text(const std::string& text, std::string& into) {
    into = text;
    return std::nullopt;
}

// --- the table ------------------------------------------------------------------------------------------------------

struct Row {
    std::string variable;  // of the environment
    std::string flag;      // without "--"; empty: none (secrets must not stand on a command line)
    std::string standard;  // the default as text; empty: none
    std::string meaning;
    std::function<Problem(const std::string&, Options&)> read;
    bool is_switch = false;  // the flag alone means true
};

template <class Reader, class Field>
auto into(Reader reader, Field field) {
    return [reader, field](const std::string& text, Options& options) -> Problem { return reader(text, options.*field); };
}

template <class Number, class Field>
auto number(Number least, Number most, Field field) {
    return [least, most, field](const std::string& text, Options& options) -> Problem {
        return read_number<Number>(text, least, most, options.*field);
    };
}

std::vector<Row> rows_of_tls() {
    return {
        {"TLS_CERT", "tls-cert", "", "certificate to serve, a PEM file; needs TLS_KEY", into(read_text, &Options::tls_cert)},
        {"TLS_KEY", "tls-key", "", "its private key, a PEM file", into(read_text, &Options::tls_key)},
        {"TLS_CA", "tls-ca", "", "PEM file whose certificates are appended to the chain", into(read_text, &Options::tls_ca)},
        {"TLS_SELF_SIGNED", "tls-self-signed", "false", "make a private CA and a certificate at start",
         into(read_bool, &Options::tls_self_signed), true},
        {"TLS_DOMAIN", "tls-domain", "",
         "name that clients use: in the self-signed certificate beside localhost, 127.0.0.1 and ::1, and let in by the Host "
         "check",
         into(read_text, &Options::tls_domain)},
        {"E2EE_STATE_DIR", "state-dir", "", "folder that keeps the self-signed CA and certificate from one start to the next",
         into(read_text, &Options::state_dir)},
        {"E2EE_CA_FILE", "ca-file", "",
         "where to leave the certificate of a CA of our own, for clients to trust (image: /tmp/ssl.crt)",
         into(read_text, &Options::ca_file)},
    };
}

std::vector<Row> rows_of_listeners() {
    return {
        {"E2EE_LISTEN", "listen", "127.0.0.1:8443", "HTTPS listener (image: 0.0.0.0:443)", into(read_listen, &Options::listen)},
        {"E2EE_REDIRECT_LISTEN", "redirect-listen", "off",
         "plain HTTP listener that sends browsers to HTTPS (image: 0.0.0.0:80)",
         into(read_optional_listen, &Options::redirect_listen)},
        {"E2EE_PLAIN_LISTEN", "plain-listen", "off", "the API over plain HTTP; only on a loopback address",
         into(read_optional_listen, &Options::plain_listen)},
        {"E2EE_UNSAFE_PLAIN_ANYWHERE", "unsafe-plain-anywhere", "false",
         "let E2EE_PLAIN_LISTEN be any address: prompts and keys then cross that network in clear",
         into(read_bool, &Options::unsafe_plain_anywhere), true},
        {"E2EE_ALLOWED_HOSTS", "allowed-host", "",
         "names clients may ask for, against DNS rebinding; `*` for any (image: `*`); "
         "default: the certificate's names, localhost and loopback addresses",
         into(read_list, &Options::allowed_hosts)},
        {"E2EE_CORS_ORIGINS", "cors-origin", "*", "browser origins that may call", into(read_list, &Options::cors_origins)},
    };
}

std::vector<Row> rows_of_upstreams() {
    return {
        {"ALLOW_NON_CONFIDENTIAL", "allow-non-confidential", "false", "let models that do not run in a TEE through",
         into(read_bool, &Options::allow_non_confidential), true},
        {"CHUTES_UPSTREAM", "models-upstream", "https://llm.chutes.ai", "where the model list is",
         into(read_upstream, &Options::models_upstream)},
        {"CHUTES_E2E_UPSTREAM", "api-upstream", "https://api.chutes.ai", "the relay: discovery and invocation",
         into(read_upstream, &Options::api_upstream)},
        {"CHUTES_API_KEY", "", "", "key lent to callers who present a token of E2EE_CLIENT_TOKENS_FILE",
         [](const std::string& text, Options& options) {
             auto problem = check_key(text);
             if (!problem) options.api_key = base::ApiKey(text);
             return problem;
         }},
        {"CHUTES_API_KEY_FILE", "api-key-file", "", "file that holds that key", into(read_key_file, &Options::api_key)},
        {"E2EE_CLIENT_TOKENS_FILE", "client-tokens-file", "",
         "file of tokens, one a line; other callers' own keys are passed on", into(read_tokens_file, &Options::client_tokens)},
        {"SSL_CERT_FILE", "", "", "PEM file of roots to trust upstream, in place of the system's",
         into(read_text, &Options::ssl_cert_file)},
        {"SSL_CERT_DIR", "", "", "folder of hashed roots to trust upstream", into(read_text, &Options::ssl_cert_dir)},
        {"HTTPS_PROXY", "", "", "http://[USER:PASSWORD@]HOST:PORT of a CONNECT proxy to reach the upstreams through",
         into(read_proxy, &Options::https_proxy)},
        {"NO_PROXY", "", "", "hosts reached without it, with commas", into(read_text, &Options::no_proxy)},
    };
}

std::vector<Row> rows_of_limits() {
    return {
        {"E2EE_MAX_BODY", "max-body", "64MiB", "largest request body; a larger one gets 413",
         into(read_size, &Options::max_body)},
        {"E2EE_MAX_CONNECTIONS", "max-connections", "10000", "client connections at once",
         number<std::size_t>(1, 1'000'000, &Options::max_connections)},
        {"E2EE_MAX_IN_FLIGHT", "max-in-flight", "1024", "requests at once; over it 503 with Retry-After",
         number<std::size_t>(1, 1'000'000, &Options::max_in_flight)},
        {"E2EE_CONNECT_TIMEOUT", "connect-timeout", "5s", "for one connection to an upstream, TLS included",
         into(read_duration, &Options::connect_timeout)},
        {"E2EE_HEADER_TIMEOUT", "header-timeout", "30s", "for a client to finish its handshake and a request's headers",
         into(read_duration, &Options::header_timeout)},
        {"E2EE_IDLE_TIMEOUT", "idle-timeout", "1800s", "longest silence of an instance within a reply",
         into(read_duration, &Options::idle_timeout)},
        {"E2EE_DRAIN_TIMEOUT", "drain-timeout", "120s", "how long running requests may go on after SIGTERM",
         into(read_duration, &Options::drain_timeout)},
        {"E2EE_WORKERS", "workers", "number of cores", "threads, one event loop each",
         number<unsigned>(1, 256, &Options::workers)},
        {"E2EE_LOG_LEVEL", "log-level", "info", "debug, info, warning or error", into(read_level, &Options::log_level)},
        {"E2EE_LOG_FORMAT", "log-format", "text", "text or json", into(read_format, &Options::log_format)},
    };
}

std::vector<Row> all_rows() {
    std::vector<Row> rows;
    for (auto part : {rows_of_tls(), rows_of_listeners(), rows_of_upstreams(), rows_of_limits()}) {
        std::ranges::move(part, std::back_inserter(rows));
    }
    return rows;
}

// --- sources --------------------------------------------------------------------------------------------------------

struct Commands {
    const char* name;
    const char* meaning;
};
constexpr Commands commands[] = {
    {"serve", "the proxy (this is what runs without a command)"},
    {"demo", "start a simulated relay and a proxy, send requests, show what crossed the wire"},
    {"healthcheck", "ask the running proxy's /health; exit code 0 if it answers (for containers without a shell)"},
    {"version", "version, OpenSSL and build"},
};

// The keys of a configuration file (TOML: `listen = "127.0.0.1:8443"`) are the flags' names.
Result<std::vector<std::pair<std::string, std::string>>> read_file(const std::string& path) {
    std::ifstream in(path);
    if (!in) return base::fail(ErrorKind::invalid_configuration, "--config: cannot read the file " + path);
    std::vector<std::pair<std::string, std::string>> values;
    try {
        for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_config(in)) {
            std::string joined;
            for (const std::string& input : item.inputs) joined += (joined.empty() ? "" : ",") + input;
            values.emplace_back(item.fullname(), joined);
        }
    } catch (const CLI::Error& error) {
        return base::fail(ErrorKind::invalid_configuration, "--config: " + path + ": " + error.what());
    }
    return values;
}

Problem conflict(const Options& options) {
    if (options.tls_cert.empty() != options.tls_key.empty()) {
        return "TLS_CERT and TLS_KEY belong together: set both or neither";
    }
    if (!options.tls_ca.empty() && options.tls_cert.empty())
        return "TLS_CA is appended to the chain of TLS_CERT: set TLS_CERT and TLS_KEY too";
    if (options.plain_listen && !is_loopback(options.plain_listen->host) && !options.unsafe_plain_anywhere) {
        return "E2EE_PLAIN_LISTEN (--plain-listen) is not a loopback address: prompts and keys would cross the network in "
               "clear. Use the "
               "HTTPS listener, or --unsafe-plain-anywhere if that network is yours";
    }
    if (!options.client_tokens.empty() && options.api_key.empty()) {
        return "E2EE_CLIENT_TOKENS_FILE needs the key to lend: set CHUTES_API_KEY or CHUTES_API_KEY_FILE";
    }
    if (!options.api_key.empty() && options.client_tokens.empty()) {
        return "CHUTES_API_KEY is lent only to callers with a token: set E2EE_CLIENT_TOKENS_FILE, or leave the key to the "
               "clients";
    }
    return std::nullopt;
}

std::string name_of(const Row& row) {
    return row.flag.empty() ? row.variable : row.variable + " (--" + row.flag + ")";
}

// The value of one row from the first source that has it.
struct Sources {
    const CLI::App& app;
    const Environment& environment;
    const std::vector<std::pair<std::string, std::string>>& file;

    [[nodiscard]] std::optional<std::string> value(const Row& row) const {
        if (!row.flag.empty()) {
            const CLI::Option* option = app.get_option("--" + row.flag);
            if (option->count() > 0) return option->as<std::string>();
        }
        if (const char* text = environment(row.variable.c_str()); text != nullptr && *text != '\0') return text;
        for (const auto& [key, text] : file) {
            if (key == row.flag && !text.empty()) return text;
        }
        if (row.standard.empty()) return std::nullopt;
        return row.variable == "E2EE_WORKERS" ? std::to_string(std::clamp(std::thread::hardware_concurrency(), 1U, 256U))
                                              : row.standard;
    }
};

void declare(CLI::App& app, const std::vector<Row>& rows) {
    app.set_help_flag("-h,--help", "this text");
    for (const Row& row : rows) {
        if (row.flag.empty()) continue;
        const std::string text =
            row.meaning + " [" + row.variable + (row.standard.empty() ? "" : ", default " + row.standard) + "]";
        if (row.is_switch) {
            app.add_flag("--" + row.flag, text);
        } else {
            app.add_option("--" + row.flag, text)->type_name("");
        }
    }
    static const std::string config = "file of `flag = \"value\"` lines (TOML), weaker than flags and environment";
    app.add_option("--config", config)->type_name("");
    std::string variables = "Variables without a flag:\n";
    for (const Row& row : rows) {
        if (row.flag.empty()) variables += "  " + row.variable + "\n      " + row.meaning + "\n";
    }
    app.footer(variables);
    for (const auto& [name, meaning] : commands) app.add_subcommand(name, meaning)->fallthrough();
    app.require_subcommand(0, 1);
}

Result<Options> collect(const CLI::App& app, const std::vector<Row>& rows, const Environment& environment) {
    std::vector<std::pair<std::string, std::string>> file;
    if (const CLI::Option* config = app.get_option("--config"); config->count() > 0) {
        auto read = read_file(config->as<std::string>());
        if (!read) return std::unexpected(read.error());
        file = std::move(*read);
        for (const auto& [key, value] : file) {
            if (std::ranges::none_of(rows, [&](const Row& row) { return !row.flag.empty() && row.flag == key; })) {
                return base::fail(ErrorKind::invalid_configuration, "--config: there is no option named " + key);
            }
        }
    }
    Options options;
    const Sources sources{app, environment, file};
    for (const Row& row : rows) {
        const auto value = sources.value(row);
        if (!value) continue;
        if (const auto problem = row.read(*value, options)) {
            return base::fail(ErrorKind::invalid_configuration, name_of(row) + ": " + *problem);
        }
    }
    if (const auto problem = conflict(options)) return base::fail(ErrorKind::invalid_configuration, *problem);
    return options;
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, const char* const* argv, const Environment& environment) {
    const std::vector<Row> rows = all_rows();
    CLI::App app(
        "End-to-end encryption proxy for hosted AI models: speaks the OpenAI and Claude APIs to your programs and encrypts\n"
        "every request to one confidential GPU instance.",
        "e2ee-proxy");
    declare(app, rows);
    CommandLine line;
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        line.text = app.help();
        return line;
    } catch (const CLI::Error& error) {
        return base::fail(ErrorKind::invalid_configuration,
                          std::string(error.what()) + ". `e2ee-proxy --help` lists the options");
    }
    const auto chosen = app.get_subcommands();
    line.command = chosen.empty() ? "serve" : chosen.front()->get_name();
    auto options = collect(app, rows, environment);
    if (!options) return std::unexpected(options.error());
    line.options = std::move(*options);
    return line;
}

std::string options_table() {
    std::string table = "| variable | flag | default | meaning |\n|---|---|---|---|\n";
    for (const Row& row : all_rows()) {
        table += "| `" + row.variable + "` | " + (row.flag.empty() ? "–" : "`--" + row.flag + "`") + " | " +
                 (row.standard.empty() ? "–" : row.standard) + " | " + row.meaning + " |\n";
    }
    return table;
}
