#include "proxy/server.h"

#include "base/limits.h"
#include "net/client.h"
#include "net/server.h"
#include "net/server_tls.h"
#include "proxy/front.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace proxy {
namespace {

using base::Result;

net::IdentitySettings identity_settings(const Options& options) {
    return {.certificate_file = options.tls_cert,
            .key_file = options.tls_key,
            .ca_file = options.tls_ca,
            .self_signed = options.tls_self_signed,
            .domain = options.tls_domain,
            .state_dir = options.state_dir,
            .own_ca_file = options.ca_file};
}

Result<net::LoadedIdentity> load_identity(const Options& options, const base::Log& log) {
    auto loaded = net::load_identity(identity_settings(options), std::chrono::system_clock::now());
    if (!loaded) return loaded;
    for (const std::string& warning : loaded->warnings) log.warning("certificate", {{"warning", warning}});
    return loaded;
}

net::ClientSettings client_settings(const Options& options) {
    return {.connect_timeout = options.connect_timeout,
            .proxy = options.https_proxy,
            .proxy_exceptions = net::ProxyExceptions(options.no_proxy)};
}

// What all threads share.
struct Shared {
    const Options& options;
    const base::Log& log;
    Directory& directory;
    const HostGuard& hosts;
    const net::ClientTls& client_tls;
    net::ClientSettings client;
    net::ServerTls& tls;
    net::ThreadPool& pool;
    std::atomic<std::size_t> in_flight = 0;
    net::ConnectionLimit connections;
    std::uint16_t https_port = 443;
};

// One thread: its loop and all that runs on it.
class Thread {
public:
    explicit Thread(Shared& shared)
        : loop_([&log = shared.log](std::string_view what) { log.error("internal error", {{"what", what}}); }),
          client_(loop_, shared.client_tls, shared.client),
          relay_(client_, {shared.options.models_upstream, shared.options.api_upstream}),
          front_(
              {{shared.options, shared.log, shared.directory, shared.pool, shared.in_flight, {loop_, relay_}}, shared.hosts}),
          redirect_(shared.hosts, shared.https_port),
          server_(loop_, front_, server_settings(shared.options), shared.connections),
          redirect_server_(loop_, redirect_, server_settings(shared.options), shared.connections),
          tls_(shared.tls),
          log_(shared.log),
          directory_(shared.directory) {}

    void listen_https(net::Fd socket) { server_.listen(std::move(socket), &tls_); }
    void listen_plain(net::Fd socket) { server_.listen(std::move(socket), nullptr); }
    void listen_redirect(net::Fd socket) { redirect_server_.listen(std::move(socket), nullptr); }

    void start() {
        thread_ = std::thread([this] { loop_.run(); });
    }
    // Has the directory fetch ahead of need, on this thread.
    void keep_directory_fresh() {
        loop_.spawn([this]() -> net::Task<void> {
            for (net::Cancellation never;;) {
                std::ignore = co_await net::sleep(loop_, net::Clock::now() + std::chrono::seconds(1), never);
                try {
                    directory_.tick({loop_, relay_});
                } catch (const std::exception& bug) {  // e.g. no memory now: the next second may be better
                    log_.error("internal error", {{"what", std::string_view(bug.what())}});
                }
            }
        });
    }
    void drain() {
        loop_.post([this] {
            server_.drain();
            redirect_server_.drain();
        });
    }
    void stop() {
        loop_.post([this] {
            server_.stop();
            redirect_server_.stop();
            loop_.stop();
        });
    }
    void join() { thread_.join(); }

private:
    static net::ServerSettings server_settings(const Options& options) {
        net::ServerSettings settings;
        settings.header_timeout = options.header_timeout;
        return settings;
    }

    net::Loop loop_;
    net::Client client_;
    Relay relay_;
    Front front_;
    Redirect redirect_;
    net::Server server_;
    net::Server redirect_server_;
    net::ServerTls& tls_;
    const base::Log& log_;
    Directory& directory_;
    std::thread thread_;
};

// Opens one address for all threads and says where it listens.
Result<net::Listening> open(std::string_view kind, const net::ListenAddress& address, const Shared& shared) {
    auto listening = net::open_listeners(address, shared.options.workers);
    if (!listening) return listening;
    const std::string& host = listening->address.host;
    const std::string where = (host.contains(':') ? "[" + host + "]" : host) + ":" + std::to_string(listening->address.port);
    shared.log.info("listening", {{"kind", kind}, {"address", where}});
    return listening;
}

struct Listeners {
    net::Listening https;
    std::optional<net::Listening> redirect;
    std::optional<net::Listening> plain;
};

Result<Listeners> open_all(const Shared& shared) {
    auto https = open("https", shared.options.listen, shared);
    if (!https) return std::unexpected(std::move(https.error()));
    Listeners listeners{std::move(*https), {}, {}};
    const auto also = [&](std::string_view kind, const std::optional<net::ListenAddress>& address,
                          std::optional<net::Listening>& into) -> Result<void> {
        if (!address) return {};
        auto opened = open(kind, *address, shared);
        if (!opened) return std::unexpected(std::move(opened.error()));
        into = std::move(*opened);
        return {};
    };
    if (auto opened = also("redirect", shared.options.redirect_listen, listeners.redirect); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    if (auto opened = also("plain", shared.options.plain_listen, listeners.plain); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    return listeners;
}

// The signals that this program handles; blocked in every thread, taken by wait_for_signal().
sigset_t our_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    return set;
}

// The next signal, or 0 when `most` has passed.
int wait_for_signal(std::chrono::milliseconds most) {
    const sigset_t set = our_signals();
    const timespec limit{.tv_sec = most.count() / 1000, .tv_nsec = most.count() % 1000 * 1'000'000};
    const int signal = sigtimedwait(&set, nullptr, &limit);
    return signal > 0 ? signal : 0;
}

void reload(const Options& options, const base::Log& log, net::ServerTls& tls, HostGuard& hosts) {
    if (options.tls_self_signed && options.tls_cert.empty() && options.state_dir.empty()) {
        log.info("certificate kept", {{"why", "it lives in memory only, and a new one would have to be trusted anew"}});
        return;
    }
    auto loaded = load_identity(options, log);
    const auto replaced = loaded ? tls.replace(loaded->identity) : Result<void>(std::unexpected(loaded.error()));
    if (!replaced) {
        log.error("certificate not reloaded, the old one stays", {{"why", replaced.error().detail}});
        return;
    }
    hosts.replace(std::make_shared<const net::TlsIdentity>(std::move(loaded->identity)));
    log.info("certificate reloaded", {{"mode", loaded->mode}});
}

// Returns when it is time to stop: every connection has ended, or the drain time is over, or somebody insists.
void drain(Shared& shared, std::vector<std::unique_ptr<Thread>>& threads) {
    shared.log.info("stopping", {{"connections", static_cast<std::int64_t>(shared.connections.count.load())}});
    for (const auto& thread : threads) thread->drain();
    const auto until = net::Clock::now() + shared.options.drain_timeout;
    while (shared.connections.count.load() > 0 && net::Clock::now() < until) {
        const int signal = wait_for_signal(std::chrono::milliseconds(50));
        if (signal == SIGTERM || signal == SIGINT) break;
    }
}

void announce(const net::LoadedIdentity& identity, const Options& options, const base::Log& log) {
    log.info("certificate", {{"mode", identity.mode}});
    if (identity.mode != "self-signed") return;
    const std::string file = options.ca_file.empty() ? "the certificate" : options.ca_file;
    std::fputs((identity.ca_pem + "\n" + net::trust_instructions(file)).c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace

Result<void> serve(const Options& options, const base::Log& log) {
    const sigset_t signals = our_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    auto identity = load_identity(options, log);
    if (!identity) return std::unexpected(std::move(identity.error()));
    announce(*identity, options, log);
    auto tls = net::ServerTls::make(identity->identity);
    if (!tls) return std::unexpected(std::move(tls.error()));
    auto client_tls = net::ClientTls::make({options.ssl_cert_file, options.ssl_cert_dir});
    if (!client_tls) return std::unexpected(std::move(client_tls.error()));

    HostGuard hosts({options.allowed_hosts, options.tls_domain},
                    std::make_shared<const net::TlsIdentity>(std::move(identity->identity)));
    Directory directory(log);
    net::ThreadPool pool(std::max(1U, options.workers / 2));
    Shared shared{.options = options,
                  .log = log,
                  .directory = directory,
                  .hosts = hosts,
                  .client_tls = **client_tls,
                  .client = client_settings(options),
                  .tls = **tls,
                  .pool = pool,
                  .connections = {}};
    shared.connections.count_max = options.max_connections;
    auto listeners = open_all(shared);
    if (!listeners) return std::unexpected(std::move(listeners.error()));
    shared.https_port = listeners->https.address.port;

    std::vector<std::unique_ptr<Thread>> threads;
    for (unsigned i = 0; i < options.workers; ++i) {
        auto& thread = threads.emplace_back(std::make_unique<Thread>(shared));
        thread->listen_https(std::move(listeners->https.sockets[i]));
        if (listeners->redirect) thread->listen_redirect(std::move(listeners->redirect->sockets[i]));
        if (listeners->plain) thread->listen_plain(std::move(listeners->plain->sockets[i]));
    }
    threads.front()->keep_directory_fresh();
    for (const auto& thread : threads) thread->start();
    log.info("ready");

    for (int signal = 0; signal != SIGTERM && signal != SIGINT; signal = wait_for_signal(std::chrono::hours(1))) {
        if (signal == SIGHUP) reload(options, log, **tls, hosts);
    }
    drain(shared, threads);
    for (const auto& thread : threads) thread->stop();
    for (const auto& thread : threads) thread->join();
    pool.join();
    log.info("stopped");
    return {};
}

}  // namespace proxy
