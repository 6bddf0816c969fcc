// One client's connection as the handlers see it, plain or TLS: bytes go out, the peer may leave at any moment.
#pragma once

#include "sim/settings.h"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace sim {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
template <class T>
using Awaitable = boost::asio::awaitable<T>;

class Wire {
public:
    Wire() = default;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    virtual ~Wire() = default;

    // False when the peer has gone. `bytes` must live until it completes.
    virtual Awaitable<bool> write(std::string_view bytes) = 0;
    // Waits so long, or until the peer leaves: then false.
    virtual Awaitable<bool> pause(Milliseconds duration) = 0;
    virtual Awaitable<void> until_peer_leaves() = 0;
    virtual void reset() = 0;  // ends the connection with RST
    virtual void close() = 0;  // ends it with FIN
    [[nodiscard]] virtual bool peer_gone() const = 0;
};

// What a connection does before it speaks: tests may spoil that.
enum class Welcome { serve, reset, close, stall, garbage };

// What a listener's connections do. `welcome` and the counters are called once per connection.
struct Service {
    std::function<Awaitable<void>(Wire&, const Request&)> handle;
    std::function<Welcome()> welcome = [] { return Welcome::serve; };
    std::function<void()> opened = [] {};
    std::function<void()> closed = [] {};
    struct Handshake {
        std::string group;
        bool resumed = false;
    };
    std::function<void(const Handshake&)> shook_hands = [](const Handshake&) {};
};

}  // namespace sim
