// A loop on a thread of its own with a server, and raw sockets to talk to it. Nothing here sleeps: reads block until bytes or
// the end come, with a limit that only a failure reaches.
#pragma once

#include "net/server.h"
#include "net/stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace net_test {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s;

inline net::Timepoint soon() {
    return net::Clock::now() + patience;
}

// Answers with what a test gives it.
class TestHandler : public net::Handler {
public:
    std::function<net::Task<void>(net::Exchange&)> on_request;
    std::vector<base::ErrorKind> rejected;

    net::Task<void> handle(net::Exchange& exchange) override { co_await on_request(exchange); }
    net::Task<void> reject(net::Exchange& exchange, base::Error error) override {
        rejected.push_back(error.kind);
        const unsigned status = error.kind == base::ErrorKind::overloaded          ? 503
                                : error.kind == base::ErrorKind::headers_too_large ? 431
                                                                                   : 400;
        (void)co_await exchange.reply({status, {}}, error.detail);
    }
};

// Runs a loop on a thread; everything that touches it goes through call().
class LoopThread {
public:
    LoopThread() : thread_([this] { loop_.run(); }) {}
    ~LoopThread() { stop(); }

    void stop() {
        if (!thread_.joinable()) return;
        loop_.stop();
        thread_.join();
    }

    net::Loop& loop() { return loop_; }

    template <class Work>
    auto call(Work work) {
        std::promise<decltype(work())> result;
        loop_.post([&] {
            if constexpr (std::is_void_v<decltype(work())>) {
                work();
                result.set_value();
            } else {
                result.set_value(work());
            }
        });
        return result.get_future().get();
    }

    // What the next exception says that escapes from a coroutine: without this call it fails the test.
    std::future<std::string> next_escape() {
        return call([&] { return escape_.emplace().get_future(); });
    }

    template <class T>
    T await(std::function<net::Task<T>()> work) {
        auto result = std::make_shared<std::promise<T>>();
        auto future = result->get_future();
        loop_.spawn([work = std::move(work), result]() -> net::Task<void> { result->set_value(co_await work()); });
        if (future.wait_for(2 * patience) != std::future_status::ready) throw std::runtime_error("a task did not end");
        return future.get();
    }

private:
    std::optional<std::promise<std::string>> escape_;
    net::Loop loop_{[this](std::string_view what) {
        if (!escape_) {
            ADD_FAILURE() << "escaped from a coroutine: " << what;
        } else {
            escape_->set_value(std::string(what));
            escape_.reset();
        }
    }};
    std::thread thread_;
};

// A blocking socket, plain or TLS.
class RawSocket {
public:
    explicit RawSocket(net::Fd fd) : fd_(std::move(fd)) {
        const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
        ::setsockopt(fd_.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    }

    int fd() const { return fd_.number(); }
    SSL* ssl() const { return ssl_.get(); }

    // Goes on in TLS with `ssl` in connect or accept state. False if the handshake fails.
    bool start_tls(net::SslPtr ssl) {
        ssl_ = std::move(ssl);
        SSL_set_fd(ssl_.get(), fd_.number());
        return SSL_do_handshake(ssl_.get()) == 1;
    }

    // False if the other side closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                    : ::send(fd_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    // Until `mark` is in what came (since the last read_until), the end of the connection, or patience runs out.
    std::string read_until(std::string_view mark) {
        while (true) {
            const auto found = came_.find(mark);
            if (found != std::string::npos) {
                auto answer = came_.substr(0, found + mark.size());
                came_.erase(0, found + mark.size());
                return answer;
            }
            char buffer[4096];
            const auto count =
                ssl_ ? SSL_read(ssl_.get(), buffer, sizeof(buffer)) : ::recv(fd_.number(), buffer, sizeof(buffer), 0);
            if (count <= 0) {
                clean_end_ = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(count)) == SSL_ERROR_ZERO_RETURN : count == 0;
                reset_ = count < 0 && errno == ECONNRESET;
                timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
                return std::exchange(came_, {});
            }
            came_.append(buffer, static_cast<std::size_t>(count));
        }
    }
    // Everything until the other side closes.
    std::string read_all() { return read_until(std::string_view("\0never\0", 7)); }
    // How the last read_until that found no mark ended. TLS: a clean end is a close_notify.
    bool clean_end() const { return clean_end_; }
    bool reset() const { return reset_; }
    bool timed_out() const { return timed_out_; }

    void close() { fd_ = {}; }
    void close_sending_side() { ::shutdown(fd_.number(), SHUT_WR); }

private:
    net::Fd fd_;
    net::SslPtr ssl_;
    std::string came_;
    bool clean_end_ = false;
    bool reset_ = false;
    bool timed_out_ = false;
};

class RawClient : public RawSocket {
public:
    explicit RawClient(std::uint16_t port) : RawSocket(connect(port)) {}

private:
    static net::Fd connect(std::uint16_t port) {
        net::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
            throw std::runtime_error("connect");
        return fd;
    }
};

// An upstream that does to each connection what the test says, one connection after the other.
class RawServer {
public:
    using Script = std::function<void(RawSocket& peer, int number)>;

    explicit RawServer(Script script) {
        auto opened = net::open_listeners({"127.0.0.1", 0}, 1);
        port_ = opened->address.port;
        listener_ = std::move(opened->sockets.front());
        ::fcntl(listener_.number(), F_SETFL, 0);
        thread_ = std::thread([this, script = std::move(script)] {
            for (int number = 0;; ++number) {
                net::Fd fd(::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC));
                if (!fd.open()) return;
                RawSocket peer(std::move(fd));
                served_ = peer.fd();
                script(peer, number);
                served_ = -1;
            }
        });
    }
    // A script that still waits for its client sees the end of the connection.
    ~RawServer() {
        ::shutdown(listener_.number(), SHUT_RDWR);
        ::shutdown(served_, SHUT_RDWR);
        thread_.join();
    }
    std::uint16_t port() const { return port_; }

private:
    std::uint16_t port_ = 0;
    net::Fd listener_;
    std::atomic<int> served_ = -1;
    std::thread thread_;
};

// A server on a free port with the handler and settings of a test.
class ServerFixture : public testing::Test {
protected:
    void start(const net::ServerTls* tls = nullptr) {
        auto opened = net::open_listeners({"127.0.0.1", 0}, 1);
        ASSERT_TRUE(opened) << opened.error().detail;
        port = opened->address.port;
        threads.call([&] {
            server.emplace(threads.loop(), handler, settings, limit);
            server->listen(std::move(opened->sockets.front()), tls);
        });
    }

    void TearDown() override {
        if (!server) return;
        threads.call([&] { server->stop(); });
        EXPECT_TRUE(threads.await<bool>([&] { return server->emptied(soon()); }));
        EXPECT_EQ(limit.count.load(), 0U);
        threads.call([&] { server.reset(); });
        threads.stop();
    }

    // Answers every request with its method, target and body.
    static net::Task<void> echo(net::Exchange& exchange) {
        auto body = co_await exchange.read_body(1 << 20);
        if (!body) {
            (void)co_await exchange.reply({body.error().kind == base::ErrorKind::too_large ? 413U : 400U, {}},
                                          body.error().detail);
            co_return;
        }
        (void)co_await exchange.reply({200, {}},
                                      exchange.request().method + " " + exchange.request().target + " " + *body + "|");
    }

    TestHandler handler;
    net::ServerSettings settings;
    net::ConnectionLimit limit;
    LoopThread threads;
    std::optional<net::Server> server;
    std::uint16_t port = 0;
};

}  // namespace net_test
