// Listeners and their connections, one Server per loop. HTTP/1.0 and 1.1 over TLS or plain TCP: keep-alive, pipelining,
// chunked bodies both ways, Expect: 100-continue (RFC 9112).
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "net/exchange.h"
#include "net/fd.h"
#include "net/loop.h"
#include "net/task.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace net {

class ServerTls;

struct ServerSettings {
    std::size_t headers_size_max = base::limits::request_headers_max;
    std::size_t headers_count_max = 256;
    Duration header_timeout = std::chrono::seconds(30);       // TLS handshake, and from the first byte of a head to its last
    Duration idle_timeout = std::chrono::seconds(75);         // between two requests of a connection
    Duration body_stall_timeout = std::chrono::seconds(30);   // without a byte of the request's body
    Duration body_timeout = std::chrono::seconds(600);        // for the whole body
    Duration write_stall_timeout = std::chrono::seconds(60);  // without the client taking a byte of the reply
    Duration linger_timeout = std::chrono::seconds(5);        // reading on after an early reply, so that it is seen
};

// Connections of all loops together.
struct ConnectionLimit {
    std::size_t count_max = 10'000;
    std::atomic<std::size_t> count = 0;
};

struct ListenAddress {
    std::string host;  // an IP address, without brackets, or a name
    std::uint16_t port = 0;

    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct Listening {
    ListenAddress address;  // with the port that was bound
    std::vector<Fd> sockets;
};

// Opens `count` sockets on one address, for one loop each (SO_REUSEPORT). Port 0 takes a free one. `invalid_configuration`
// if the address cannot be used or somebody else listens there.
[[nodiscard]] base::Result<Listening> open_listeners(const ListenAddress& address, std::size_t count);

// All functions are called on the loop's thread, or before it runs.
class Server {
public:
    Server(Loop& loop, Handler& handler, const ServerSettings& settings, ConnectionLimit& limit);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Accepts from a listening socket: TLS if `tls` is given (it must outlive the server), else plain.
    void listen(Fd socket, const ServerTls* tls);

    // No new connections; idle ones are closed, the others when their exchange ends (Connection: close).
    void drain();
    // Cancels every exchange and closes every connection.
    void stop();

    [[nodiscard]] std::size_t connections() const;
    // Until no connection is left; false if some are at `until`.
    [[nodiscard]] Task<bool> emptied(Timepoint until);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace net
