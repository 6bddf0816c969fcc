#include "net/server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace net {
namespace {

using base::ErrorKind;

constexpr int backlog = 1024;

std::string name(const ListenAddress& address) {
    return address.host + ":" + std::to_string(address.port);
}

struct FreeAddresses {
    void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

base::Result<std::unique_ptr<addrinfo, FreeAddresses>> resolve(const ListenAddress& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (error != 0) {
        return base::fail(ErrorKind::invalid_configuration, "cannot listen on " + name(address) + ": " + ::gai_strerror(error));
    }
    return std::unique_ptr<addrinfo, FreeAddresses>(found);
}

enum class Sharing : std::uint8_t { alone, among_threads };

base::Result<Fd> bind(const addrinfo& to, const ListenAddress& address, Sharing sharing) {
    const int on = 1;
    Fd fd(::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::setsockopt(fd.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (sharing == Sharing::among_threads) ::setsockopt(fd.number(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (!fd.open() || ::bind(fd.number(), to.ai_addr, to.ai_addrlen) != 0 || ::listen(fd.number(), backlog) != 0) {
        return base::fail(ErrorKind::invalid_configuration, "cannot listen on " + name(address) + ": " + std::strerror(errno));
    }
    return fd;
}

std::uint16_t bound_port(const Fd& fd) {
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    ::getsockname(fd.number(), reinterpret_cast<sockaddr*>(&bound), &size);
    const auto port = bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                                  : reinterpret_cast<const sockaddr_in&>(bound).sin_port;
    return ntohs(port);
}

void set_port(addrinfo& to, std::uint16_t port) {
    if (to.ai_family == AF_INET6) {
        reinterpret_cast<sockaddr_in6*>(to.ai_addr)->sin6_port = htons(port);
    } else {
        reinterpret_cast<sockaddr_in*>(to.ai_addr)->sin_port = htons(port);
    }
}

}  // namespace

base::Result<Listening> open_listeners(const ListenAddress& address, std::size_t count) {
    auto resolved = resolve(address);
    if (!resolved) return std::unexpected(resolved.error());
    auto& to = **resolved;
    Listening listening{address, {}};
    {
        // SO_REUSEPORT would share the port with another proxy of the same user without a word: look whether it is free.
        const auto probe = bind(to, address, Sharing::alone);
        if (!probe) return std::unexpected(probe.error());
        listening.address.port = bound_port(*probe);
    }
    set_port(to, listening.address.port);
    for (std::size_t i = 0; i < count; ++i) {
        auto fd = bind(to, address, Sharing::among_threads);
        if (!fd) return std::unexpected(fd.error());
        listening.sockets.push_back(std::move(*fd));
    }
    return listening;
}

}  // namespace net
