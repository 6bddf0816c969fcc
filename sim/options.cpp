#include "sim/options.h"

#include <CLI/CLI.hpp>

namespace sim {

ParsedOptions parse_options(int argc, char** argv) {
    Options options;
    bool self_signed = false;  // what happens anyway
    CLI::App app("e2ee-sim: a simulated relay with confidential instances (docs/simulator.md)");
    app.add_option("--listen", options.listen, "HTTPS address")->capture_default_str();
    app.add_option("--plain", options.plain, "the same over plain HTTP")->capture_default_str();
    app.add_option("--admin", options.admin, "address of the admin API")->capture_default_str();
    auto* cert = app.add_option("--tls-cert", options.tls_cert, "certificate chain (PEM) instead of one made at start");
    auto* key = app.add_option("--tls-key", options.tls_key, "its key (PEM)");
    cert->needs(key);
    key->needs(cert);
    app.add_flag("--self-signed", self_signed, "make a CA and a certificate for localhost at start (the default)")
        ->excludes(cert);
    app.add_option("--write-ca", options.write_ca, "write the CA made at start here (PEM)")->excludes(cert);
    app.add_option("--seed", options.seed, "seed of everything random but key material");
    app.add_option("--log", options.log_file, "append every request as a line of JSON");
    app.add_option("--announce", options.announce, "write the line with the ports here, too");
    app.add_flag("--exit-with-stdin", options.exit_with_stdin, "end when standard input ends");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return {std::nullopt, app.exit(error)};
    }
    return {options, 0};
}

}  // namespace sim
