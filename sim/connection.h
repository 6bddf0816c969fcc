// A connection: one coroutine reads whatever comes, so that a peer that leaves is noticed at once; another parses requests
// (Beast) and hands them to the service one after the other.
#pragma once

#include "sim/wire.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>

#include <memory>
#include <string>
#include <utility>

namespace sim {

inline constexpr std::size_t request_body_max = 256 * 1024 * 1024;
inline constexpr std::size_t read_ahead_max = 4 * 1024 * 1024;

using Socket = boost::asio::ip::tcp::socket;
using TlsStream = boost::asio::ssl::stream<Socket>;
inline constexpr auto quietly = boost::asio::as_tuple(boost::asio::use_awaitable);

template <class Stream>
class Connection : public Wire, public std::enable_shared_from_this<Connection<Stream>> {
public:
    Connection(Stream stream, const Service& service)
        : stream_(std::move(stream)), service_(service), wake_(stream_.get_executor()), room_(stream_.get_executor()) {
        boost::system::error_code ignored;
        stream_.lowest_layer().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
        service_.opened();
    }
    ~Connection() override { service_.closed(); }

    void start() { boost::asio::co_spawn(stream_.get_executor(), run(this->shared_from_this()), boost::asio::detached); }

    Awaitable<bool> write(std::string_view bytes) override {
        if (gone_ || ended_) co_return false;
        const auto [error, size] = co_await boost::asio::async_write(stream_, boost::asio::buffer(bytes), quietly);
        if (error) leave();
        co_return !gone_;
    }

    Awaitable<bool> pause(Milliseconds duration) override {
        const auto until = Clock::now() + duration;
        while (!gone_ && !ended_ && Clock::now() < until) {
            wake_.expires_at(until);
            co_await wake_.async_wait(quietly);
        }
        co_return !gone_ && !ended_;
    }

    Awaitable<void> until_peer_leaves() override {
        while (!gone_ && !ended_) co_await until_woken();
    }

    void reset() override {
        boost::system::error_code ignored;
        stream_.lowest_layer().set_option(boost::asio::socket_base::linger(true, 0), ignored);
        end();
    }

    void close() override {
        boost::system::error_code ignored;
        stream_.lowest_layer().shutdown(boost::asio::socket_base::shutdown_send, ignored);
        end();
    }

    [[nodiscard]] bool peer_gone() const override { return gone_; }

private:
    using Self = std::shared_ptr<Connection>;

    static Awaitable<void> run(Self self) {
        switch (self->service_.welcome()) {
            case Welcome::serve:
                break;
            case Welcome::reset:
                self->reset();
                co_return;
            case Welcome::close:
                self->close();
                co_return;
            case Welcome::stall:
                co_await self->drain_raw();
                co_return;
            case Welcome::garbage:
                co_await boost::asio::async_write(
                    self->raw(), boost::asio::buffer(std::string_view("\x16\x03 SSH-2.0-nonsense\r\n")), quietly);
                self->close();
                co_return;
        }
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            const auto [error] = co_await self->stream_.async_handshake(TlsStream::server, quietly);
            if (error) co_return;
            SSL* ssl = self->stream_.native_handle();
            const char* group = SSL_get0_group_name(ssl);
            self->service_.shook_hands({group != nullptr ? group : "", SSL_session_reused(ssl) == 1});
        }
        boost::asio::co_spawn(self->stream_.get_executor(), self->read(self), boost::asio::detached);
        co_await self->serve();
        self->close();
    }

    Socket& raw() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    Awaitable<void> drain_raw() {
        std::string sink(4096, '\0');
        while (true) {
            const auto [error, size] = co_await raw().async_read_some(boost::asio::buffer(sink), quietly);
            if (error) co_return;
        }
    }

    Awaitable<void> read(Self) {
        std::string piece(16384, '\0');
        while (!ended_) {
            const auto [error, size] = co_await stream_.async_read_some(boost::asio::buffer(piece), quietly);
            if (error) break;
            received_.append(piece, 0, size);
            wake_.cancel();
            while (received_.size() > read_ahead_max && !ended_) {
                room_.expires_at(Clock::time_point::max());
                co_await room_.async_wait(quietly);
            }
        }
        leave();
    }

    Awaitable<void> serve() {
        namespace http = boost::beast::http;
        while (!ended_) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(request_body_max);
            parser.header_limit(256 * 1024);
            parser.eager(true);
            if (!co_await parse(parser)) co_return;
            const Request request = parser.release();
            co_await service_.handle(*this, request);
            if (!request.keep_alive()) co_return;
        }
    }

    // False when no whole request comes any more.
    Awaitable<bool> parse(boost::beast::http::request_parser<boost::beast::http::string_body>& parser) {
        std::size_t looked_at = 0;  // bytes the parser has seen and could not use yet
        while (!parser.is_done()) {
            if (received_.size() == looked_at) {
                if (gone_ || ended_) co_return false;
                co_await until_woken();
                continue;
            }
            boost::system::error_code error;
            const std::size_t used = parser.put(boost::asio::buffer(received_), error);
            received_.erase(0, used);
            looked_at = received_.size();
            room_.cancel();
            if (error && error != boost::beast::http::error::need_more) {
                co_await write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                co_return false;
            }
            if (used > 0 && !parser.is_done() && !received_.empty()) looked_at = 0;
        }
        co_return true;
    }

    Awaitable<void> until_woken() {
        wake_.expires_at(Clock::time_point::max());
        co_await wake_.async_wait(quietly);
    }

    void leave() {
        gone_ = true;
        wake_.cancel();
    }

    void end() {
        ended_ = true;
        boost::system::error_code ignored;
        stream_.lowest_layer().close(ignored);
        wake_.cancel();
        room_.cancel();
    }

    Stream stream_;
    const Service& service_;
    boost::asio::steady_timer wake_;  // the serving coroutine waits here: for bytes, for time, for the peer to leave
    boost::asio::steady_timer room_;  // the reading coroutine waits here while too much is unread
    std::string received_;
    bool gone_ = false;   // the peer has left
    bool ended_ = false;  // we have ended it
};

}  // namespace sim
