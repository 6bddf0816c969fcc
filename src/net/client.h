// Requests to upstreams over HTTP/1.1: verified TLS with session resumption, reused connections, an optional CONNECT proxy.
// DNS is asked for every new connection, so changes are followed.
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"
#include "net/cancellation.h"
#include "net/loop.h"
#include "net/message.h"
#include "net/task.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

enum class Scheme : std::uint8_t { http, https };

struct Origin {
    Scheme scheme = Scheme::https;
    std::string host;  // lower case, an IPv6 address without brackets
    std::uint16_t port = 443;

    friend auto operator<=>(const Origin&, const Origin&) = default;
};

// "https://api.example.org[:port]" without user, path, query or fragment (one "/" is fine). `invalid_configuration`.
[[nodiscard]] base::Result<Origin> parse_origin(std::string_view url);

// HTTPS_PROXY: "http://[user:password@]host[:port]".
struct ProxyAddress {
    std::string host;
    std::uint16_t port = 0;
    std::string authorization;  // value of Proxy-Authorization, or empty
};
[[nodiscard]] base::Result<ProxyAddress> parse_proxy(std::string_view url);

// NO_PROXY: "*", "host", ".suffix", "host:port", addresses, separated by commas. A host also covers its subdomains.
class ProxyExceptions {
public:
    ProxyExceptions() = default;
    explicit ProxyExceptions(std::string_view list);
    [[nodiscard]] bool cover(const Origin& origin) const;

private:
    struct Rule {
        std::string host;
        std::optional<std::uint16_t> port;
    };
    std::vector<Rule> rules_;
};

// Whom we trust: one for all loops. Without settings, OpenSSL's default store (/etc/ssl/certs).
class ClientTls {
public:
    struct Settings {
        std::string ca_file;  // SSL_CERT_FILE: PEM, instead of the default store
        std::string ca_dir;   // SSL_CERT_DIR: hashed directory, instead of the default store
    };
    [[nodiscard]] static base::Result<std::unique_ptr<ClientTls>> make(const Settings& settings);
    ~ClientTls();

    struct Impl;
    [[nodiscard]] const Impl& impl() const { return *impl_; }

private:
    explicit ClientTls(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct ClientSettings {
    Duration connect_timeout = std::chrono::seconds(5);  // for each address: TCP, CONNECT and TLS
    Duration idle_timeout = std::chrono::seconds(55);    // of a connection that waits for its next request
    Duration write_stall_timeout = std::chrono::seconds(60);
    std::size_t idle_per_origin_max = 64;
    std::size_t headers_size_max = base::limits::upstream_headers_max;
    std::optional<ProxyAddress> proxy;
    ProxyExceptions proxy_exceptions;
};

struct UpstreamRequest {
    // What to do when a reused connection dies after the request was written and before a byte of the reply came: the
    // upstream may have processed it.
    enum class Resend : std::uint8_t { never, once };

    std::string method = "GET";
    std::string target = "/";
    Headers headers = {};      // Host and Content-Length are added
    base::ByteView body = {};  // kept alive by the caller until send() returns
    Resend resend = Resend::never;
};

// A reply whose head has come. Destroyed before its end it closes the connection at once, which tells the upstream to stop;
// read to its end it gives the connection back.
class UpstreamReply {
public:
    UpstreamReply(UpstreamReply&&) noexcept;
    UpstreamReply& operator=(UpstreamReply&&) noexcept;
    ~UpstreamReply();

    [[nodiscard]] const ResponseHead& head() const;
    // Whether the connection had served an earlier request.
    [[nodiscard]] bool reused_connection() const;

    // The next piece of the body; empty at its end. `timeout` if nothing came until then: nothing is lost, ask again.
    // `upstream_broken` if the body was cut short, `cancelled`.
    [[nodiscard]] Task<base::Result<std::string>> read(Timepoint until);
    // The whole rest. `upstream_broken` beyond `size_max`.
    [[nodiscard]] Task<base::Result<std::string>> read_all(std::size_t size_max, Timepoint until);
    void abort();

    struct Impl;
    explicit UpstreamReply(std::unique_ptr<Impl> impl);

private:
    std::unique_ptr<Impl> impl_;
};

// One per loop.
class Client {
public:
    Client(Loop& loop, const ClientTls& tls, ClientSettings settings);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // Sends a request and waits for the reply's head. `upstream_unreachable`: no byte of a reply came (name, connect, proxy,
    // TLS, or the connection ended before the status line); `upstream_broken`: what came is not HTTP; `timeout` at
    // `deadline`; `cancelled`. The cancellation must outlive the reply and ends its connection too.
    [[nodiscard]] Task<base::Result<UpstreamReply>> send(Origin origin, UpstreamRequest request, Cancellation& cancellation,
                                                         Timepoint deadline);

    [[nodiscard]] std::size_t idle_connections() const;
    void close_idle();

    struct Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace net
