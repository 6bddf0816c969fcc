// Bytes both ways over a socket, plain or TLS. The calls never wait; who gets want_read or want_write waits on the socket
// and calls again.
#pragma once

#include "net/server_tls.h"
#include "net/socket.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace net {

enum class IoStatus : std::uint8_t {
    done,        // `count` bytes, at least one (handshake and shutdown: finished)
    want_read,   // again when the socket is readable
    want_write,  // again when the socket is writable
    end,         // the peer ended the stream properly
    failed,      // reset, cut off without TLS's close_notify, or not TLS
};

struct Io {
    IoStatus status;
    std::size_t count = 0;
};

class Stream {
public:
    explicit Stream(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
    virtual ~Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    [[nodiscard]] virtual Io handshake() = 0;
    [[nodiscard]] virtual Io read_some(std::span<char> into) = 0;
    // May be called again with the rest at another address, never with fewer bytes than the call that has to be repeated.
    [[nodiscard]] virtual Io write_some(std::string_view bytes) = 0;
    // Says that no more will be written.
    [[nodiscard]] virtual Io shutdown() = 0;
    // Whether bytes that were read from the socket wait inside.
    [[nodiscard]] virtual bool buffered() const = 0;
    // What went wrong, for people.
    [[nodiscard]] virtual std::string failure() const = 0;

    [[nodiscard]] Socket& socket() { return *socket_; }

    // All that is there, as far as it fits: `done` with at least one byte, or why there is none.
    [[nodiscard]] Io read_available(std::span<char> into);
    // Whether read_available has something to say without a word from the socket: ask it before waiting.
    [[nodiscard]] bool unread() const { return over_.has_value() || buffered(); }

    // Waits as the status of the last call wants it.
    [[nodiscard]] Task<Wake> wait(IoStatus wanted, Timepoint until);

private:
    std::shared_ptr<Socket> socket_;
    std::optional<Io> over_;  // the end or failure behind the bytes of the last read_available
};

[[nodiscard]] std::unique_ptr<Stream> make_plain_stream(std::shared_ptr<Socket> socket);
// `ssl` is set to connect or accept state already.
[[nodiscard]] std::unique_ptr<Stream> make_tls_stream(std::shared_ptr<Socket> socket, SslPtr ssl);

enum class Outcome : std::uint8_t { done, end, failed, timeout, cancelled };

struct Received {
    Outcome outcome;
    std::size_t count = 0;
};
// Waits for bytes and reads what is there into the loop's scratch buffer: use them before the next co_await.
[[nodiscard]] Task<Received> receive(Stream& stream, Timepoint until);

// Writes everything; `timeout` when not a single byte was taken for `stall`, or at `until`. The bytes and `*touched`, which
// becomes true as soon as the kernel took something, live until the task ends.
struct WriteLimits {
    Duration stall;
    Timepoint until = Timepoint::max();
    bool* touched = nullptr;
};
[[nodiscard]] Task<Outcome> write_all(Stream& stream, std::string_view bytes, WriteLimits limits);

[[nodiscard]] Task<Outcome> shake_hands(Stream& stream, Timepoint until);

}  // namespace net
