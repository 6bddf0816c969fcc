#include "net/stream.h"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace net {
namespace {

class PlainStream final : public Stream {
public:
    using Stream::Stream;

    Io handshake() override { return {IoStatus::done}; }

    Io read_some(std::span<char> into) override {
        const auto count = ::recv(socket().fd(), into.data(), into.size(), 0);
        if (count == 0) return {IoStatus::end};
        return outcome(count, IoStatus::want_read);
    }

    Io write_some(std::string_view bytes) override {
        return outcome(::send(socket().fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL), IoStatus::want_write);
    }

    Io shutdown() override {
        ::shutdown(socket().fd(), SHUT_WR);
        return {IoStatus::done};
    }

    [[nodiscard]] bool buffered() const override { return false; }
    [[nodiscard]] std::string failure() const override { return std::strerror(error_); }

private:
    Io outcome(ssize_t count, IoStatus wanted) {
        if (count > 0) return {IoStatus::done, static_cast<std::size_t>(count)};
        error_ = errno;
        if (error_ == EINTR || error_ == EAGAIN || error_ == EWOULDBLOCK) return {wanted};
        return {IoStatus::failed};
    }

    int error_ = 0;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(std::shared_ptr<Socket> socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

Io Stream::read_available(std::span<char> into) {
    if (over_) return *over_;
    std::size_t total = 0;
    while (total < into.size()) {
        const auto io = read_some(into.subspan(total));
        if (io.status == IoStatus::end || io.status == IoStatus::failed) over_ = io;
        if (io.status != IoStatus::done) return total > 0 ? Io{IoStatus::done, total} : io;
        total += io.count;
        if (!buffered()) break;
    }
    return {IoStatus::done, total};
}

Task<Wake> Stream::wait(IoStatus wanted, Timepoint until) {
    return socket_->wait(wanted == IoStatus::want_write ? Direction::write : Direction::read, until);
}

Task<Received> receive(Stream& stream, Timepoint until) {
    // A stream that never runs dry lets others have their turn.
    if (stream.unread()) co_await asio::post(stream.socket().loop().executor(), use_task);
    auto status = stream.unread() ? IoStatus::done : IoStatus::want_read;
    while (true) {
        if (status == IoStatus::want_read || status == IoStatus::want_write) {
            const auto wake = co_await stream.wait(status, until);
            if (wake == Wake::timeout) co_return Received{Outcome::timeout};
            if (wake == Wake::cancelled) co_return Received{Outcome::cancelled};
        }
        const auto io = stream.read_available(stream.socket().loop().scratch());
        if (io.status == IoStatus::done) co_return Received{Outcome::done, io.count};
        if (io.status == IoStatus::end) co_return Received{Outcome::end};
        if (io.status == IoStatus::failed) co_return Received{Outcome::failed};
        status = io.status;
    }
}

Task<Outcome> write_all(Stream& stream, std::string_view bytes, WriteLimits limits) {
    while (!bytes.empty()) {
        const auto io = stream.write_some(bytes);
        if (io.status == IoStatus::done) {
            bytes.remove_prefix(io.count);
            if (limits.touched != nullptr) *limits.touched = true;
            continue;
        }
        if (io.status == IoStatus::end || io.status == IoStatus::failed) co_return Outcome::failed;
        const auto until = std::min(Clock::now() + limits.stall, limits.until);
        const auto wake = co_await stream.wait(io.status, until);
        if (wake == Wake::timeout) co_return Outcome::timeout;
        if (wake == Wake::cancelled) co_return Outcome::cancelled;
    }
    co_return Outcome::done;
}

Task<Outcome> shake_hands(Stream& stream, Timepoint until) {
    while (true) {
        const auto io = stream.handshake();
        if (io.status == IoStatus::done) co_return Outcome::done;
        if (io.status == IoStatus::end || io.status == IoStatus::failed) co_return Outcome::failed;
        const auto wake = co_await stream.wait(io.status, until);
        if (wake == Wake::timeout) co_return Outcome::timeout;
        if (wake == Wake::cancelled) co_return Outcome::cancelled;
    }
}

}  // namespace net
