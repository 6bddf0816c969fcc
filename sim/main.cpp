// e2ee-sim: a simulated relay with confidential instances, for tests and the demo. docs/simulator.md says what it can do.
#include "json/json.h"
#include "sim/admin.h"
#include "sim/listener.h"
#include "sim/options.h"
#include "sim/relay.h"
#include "sim/tls.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>

namespace {

void write_whole(const std::string& path, const std::string& text) {
    // Renamed into place, so that who waits for the file never reads half of it.
    const std::string draft = path + ".new";
    std::ofstream file(draft, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw std::runtime_error(path + " cannot be written");
    std::filesystem::rename(draft, path);
}

boost::asio::awaitable<void> stop_with_stdin(boost::asio::io_context& loop) {
    boost::asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
    std::array<char, 512> ignored{};
    while (true) {
        const auto [error, size] =
            co_await input.async_read_some(boost::asio::buffer(ignored), boost::asio::as_tuple(boost::asio::use_awaitable));
        if (error) break;
    }
    loop.stop();
}

std::uint64_t seed_of(const sim::Options& options) {
    if (options.seed) return *options.seed;
    return std::random_device()();
}

int run(const sim::Options& options) {
    sim::TlsIdentity identity = sim::make_tls_identity(options);
    if (!options.write_ca.empty()) write_whole(options.write_ca, identity.ca_pem);
    sim::Simulation simulation(options.log_file, seed_of(options));
    sim::Relay relay(simulation);
    const sim::Service service = relay.service();
    const sim::Service admin = sim::admin_service(simulation);
    boost::asio::io_context loop(1);  // last, so that connections go before what they use

    json::Writer out;
    out.begin_object();
    out.member_integer("tls", sim::listen(loop, options.listen, &identity.context, service));
    out.member_integer("plain", sim::listen(loop, options.plain, nullptr, service));
    out.member_integer("admin", sim::listen(loop, options.admin, nullptr, admin));
    out.member("ca", options.write_ca).member_integer("pid", ::getpid());
    out.member_integer("seed", static_cast<std::int64_t>(simulation.random.seed())).end_object();
    if (!options.announce.empty()) write_whole(options.announce, out.text() + "\n");
    std::printf("%s\n", out.text().c_str());
    std::fflush(stdout);

    boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&loop](boost::system::error_code error, int) {
        if (!error) loop.stop();
    });
    if (options.exit_with_stdin) boost::asio::co_spawn(loop, stop_with_stdin(loop), boost::asio::detached);
    loop.run();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const sim::ParsedOptions parsed = sim::parse_options(argc, argv);
        return parsed.options ? run(*parsed.options) : parsed.exit_code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "e2ee-sim: %s\n", error.what());
        return 1;
    }
}
