#include "net/probe.h"

#include "net/server_tls.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <charconv>
#include <string_view>
#include <tuple>

namespace net {
namespace {

constexpr timeval patience{.tv_sec = 3, .tv_usec = 0};

base::Result<int> status_in(std::string_view reply) {
    int status = 0;
    if (!reply.starts_with("HTTP/1.1 ") ||
        std::from_chars(reply.data() + 9, reply.data() + reply.size(), status).ec != std::errc()) {
        return base::fail(base::ErrorKind::upstream_broken, "what answers there does not speak HTTP");
    }
    return status;
}

}  // namespace

std::string tls_library_version() {
    return OpenSSL_version(OPENSSL_VERSION);
}

base::Result<int> ask_health(const std::string& host, std::uint16_t port) {
    namespace asio = boost::asio;
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!error) socket.connect({address, port}, error);
    if (error) return base::fail(base::ErrorKind::upstream_unreachable, "nothing answers there: " + error.message());
    setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);

    const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    const SslPtr ssl(context ? SSL_new(context.get()) : nullptr);
    if (!ssl || SSL_set_fd(ssl.get(), socket.native_handle()) != 1 || SSL_connect(ssl.get()) != 1) {
        return base::fail(base::ErrorKind::upstream_unreachable, "what listens there does not answer over TLS");
    }
    constexpr std::string_view request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    std::array<char, 512> reply{};
    if (SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())) <= 0) {
        return base::fail(base::ErrorKind::upstream_broken, "the connection ended at once");
    }
    const int got = SSL_read(ssl.get(), reply.data(), static_cast<int>(reply.size()));
    return status_in({reply.data(), got > 0 ? static_cast<std::size_t>(got) : 0});
}

}  // namespace net
