#include "net/connector.h"

#include "net/http_parser.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace net {
namespace {

using base::ErrorKind;
using base::fail;
using Endpoint = asio::ip::tcp::endpoint;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

constexpr std::size_t proxy_head_max = 16 * base::limits::KiB;
constexpr std::size_t proxy_headers_max = 100;
constexpr std::size_t addresses_max = 16;

// Shared with the resolver's thread's answer, which may come after everybody has stopped waiting.
struct Lookup {
    explicit Lookup(Loop& loop) : resolver(loop.executor()), waiter(loop) {}
    Resolver resolver;
    Waiter waiter;
    std::vector<Endpoint> found;
    std::string failure;
};

// The system's order, but families take turns: if one of them leads nowhere, the other is tried at once.
std::vector<Endpoint> interleave(const std::vector<Endpoint>& endpoints) {
    std::vector<Endpoint> first;
    std::vector<Endpoint> second;
    for (const auto& endpoint : endpoints) {
        const bool same = first.empty() || first.front().protocol() == endpoint.protocol();
        (same ? first : second).push_back(endpoint);
    }
    std::vector<Endpoint> mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed.push_back(first[i]);
        if (i < second.size()) mixed.push_back(second[i]);
    }
    if (mixed.size() > addresses_max) mixed.resize(addresses_max);
    return mixed;
}

base::Error describe(Outcome outcome, const Stream& stream, const std::string& doing) {
    if (outcome == Outcome::cancelled) return {ErrorKind::cancelled, doing + " was cancelled"};
    if (outcome == Outcome::timeout) return {ErrorKind::upstream_unreachable, doing + " took too long"};
    if (outcome == Outcome::end) return {ErrorKind::upstream_unreachable, doing + " failed: the connection was closed"};
    return {ErrorKind::upstream_unreachable, doing + " failed: " + stream.failure()};
}

}  // namespace

std::string authority(const Origin& origin) {
    const bool v6 = origin.host.contains(':');
    return (v6 ? "[" + origin.host + "]" : origin.host) + ":" + std::to_string(origin.port);
}

Task<base::Result<std::unique_ptr<Stream>>> Connector::connect(const Origin& origin, SessionSlot& slot,
                                                               Cancellation& cancellation, Timepoint deadline) {
    Place place{origin.host, origin.port};
    if (by_proxy(origin)) place = {settings_.proxy->host, settings_.proxy->port};
    auto endpoints = co_await resolve(std::move(place), cancellation, deadline);
    if (!endpoints) co_return std::unexpected(std::move(endpoints.error()));
    base::Error last{ErrorKind::upstream_unreachable, origin.host + " has no address"};
    for (const auto& endpoint : *endpoints) {
        const auto until = std::min(deadline, Clock::now() + settings_.connect_timeout);
        auto stream = co_await open(endpoint, origin, slot, cancellation, until);
        if (stream) co_return std::move(*stream);
        last = std::move(stream.error());
        if (last.kind == ErrorKind::cancelled) break;
        if (Clock::now() >= deadline) co_return fail(ErrorKind::timeout, last.detail);
    }
    co_return std::unexpected(std::move(last));
}

bool Connector::by_proxy(const Origin& origin) const {
    return settings_.proxy && origin.scheme == Scheme::https && !settings_.proxy_exceptions.cover(origin);
}

Task<base::Result<std::vector<Endpoint>>> Connector::resolve(Place place, Cancellation& cancellation, Timepoint deadline) {
    boost::system::error_code not_an_address;
    const auto address = asio::ip::make_address(place.host, not_an_address);
    if (!not_an_address) co_return std::vector{Endpoint(address, place.port)};

    const auto lookup = std::make_shared<Lookup>(loop_);
    lookup->resolver.async_resolve(place.host, std::to_string(place.port), asio::ip::resolver_base::numeric_service,
                                   [lookup](boost::system::error_code error, const Resolver::results_type& results) {
                                       if (error) lookup->failure = error.message();
                                       for (const auto& result : results) lookup->found.push_back(result.endpoint());
                                       lookup->waiter.wake_now(Wake::ready);
                                   });
    Deadline timer(loop_, [&lookup] { lookup->waiter.wake(Wake::timeout); });
    timer.set(deadline);
    Cancellation::Callback on_cancel(cancellation, [&lookup] { lookup->waiter.wake(Wake::cancelled); });
    const auto wake = co_await lookup->waiter.park();
    if (wake == Wake::cancelled) co_return fail(ErrorKind::cancelled, "looking up " + place.host + " was cancelled");
    if (wake == Wake::timeout) co_return fail(ErrorKind::timeout, "looking up " + place.host + " took too long");
    if (lookup->found.empty()) {
        co_return fail(ErrorKind::upstream_unreachable, "cannot look up " + place.host + ": " + lookup->failure);
    }
    co_return interleave(lookup->found);
}

Task<base::Result<std::unique_ptr<Stream>>> Connector::open(const Endpoint& endpoint, const Origin& origin, SessionSlot& slot,
                                                            Cancellation& cancellation, Timepoint until) {
    const auto connecting = "connecting to " + authority(origin) + " at " + endpoint.address().to_string();
    Fd fd(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.open()) co_return fail(ErrorKind::upstream_unreachable, connecting + " failed: " + std::strerror(errno));
    const int on = 1;
    ::setsockopt(fd.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::setsockopt(fd.number(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    int error = ::connect(fd.number(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 ? 0 : errno;
    const auto socket = Socket::make(loop_, std::move(fd));
    Cancellation::Callback on_cancel(cancellation, [&socket] { socket->interrupt(); });
    auto stream = make_plain_stream(socket);
    if (error == EINPROGRESS) {
        const auto wake = co_await socket->wait(Direction::write, until);
        if (wake == Wake::cancelled) co_return std::unexpected(describe(Outcome::cancelled, *stream, connecting));
        if (wake == Wake::timeout) co_return std::unexpected(describe(Outcome::timeout, *stream, connecting));
        socklen_t size = sizeof(error);
        ::getsockopt(socket->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) co_return fail(ErrorKind::upstream_unreachable, connecting + " failed: " + std::strerror(error));
    if (by_proxy(origin)) {
        if (auto tunnel = co_await open_tunnel(*stream, origin, until); !tunnel) co_return std::unexpected(tunnel.error());
    }
    if (origin.scheme == Scheme::http) co_return std::move(stream);

    auto ssl = tls_.connect(origin.host, slot);
    if (!ssl) co_return fail(ErrorKind::internal, "OpenSSL cannot begin TLS with " + origin.host);
    stream = make_tls_stream(socket, std::move(ssl));
    const auto shaken = co_await shake_hands(*stream, until);
    if (shaken != Outcome::done) co_return std::unexpected(describe(shaken, *stream, "TLS with " + authority(origin)));
    co_return std::move(stream);
}

// RFC 9110 §9.3.6.
Task<base::Result<void>> Connector::open_tunnel(Stream& stream, const Origin& origin, Timepoint until) {
    const auto through = "the proxy " + settings_.proxy->host + " for " + authority(origin);
    auto request = "CONNECT " + authority(origin) + " HTTP/1.1\r\nHost: " + authority(origin) + "\r\n";
    if (!settings_.proxy->authorization.empty()) request += "Proxy-Authorization: " + settings_.proxy->authorization + "\r\n";
    request += "\r\n";
    const auto asked = co_await write_all(stream, request, {.stall = settings_.connect_timeout, .until = until});
    if (asked != Outcome::done) co_return std::unexpected(describe(asked, stream, "asking " + through));
    std::string input;
    HeadScan scan;
    while (true) {
        const auto verdict = scan.scan(input, proxy_head_max);
        if (verdict == HeadScan::Verdict::complete) break;
        if (verdict != HeadScan::Verdict::more)
            co_return fail(ErrorKind::upstream_unreachable, through + " does not speak HTTP");
        const auto received = co_await receive(stream, until);
        if (received.outcome != Outcome::done) {
            co_return std::unexpected(describe(received.outcome, stream, "waiting for " + through));
        }
        input.append(loop_.scratch().data(), received.count);
    }
    ResponseParser parser;
    const auto head =
        parser.parse_head(input.substr(0, scan.size()), {.headers_count_max = proxy_headers_max, .body_expected = false});
    if (!head) co_return fail(ErrorKind::upstream_unreachable, through + " does not speak HTTP");
    if (head->status / 100 != 2) {
        co_return fail(ErrorKind::upstream_unreachable, through + " answered with status " + std::to_string(head->status));
    }
    if (input.size() != scan.size()) co_return fail(ErrorKind::upstream_unreachable, through + " sent bytes before TLS began");
    co_return base::Result<void>{};
}

}  // namespace net
