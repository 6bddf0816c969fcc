#include "net/server.h"

#include "net/connection.h"
#include "net/server_tls.h"
#include "net/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace net {
namespace {

using base::ErrorKind;

// So many connections over the limit are still told why; more are closed without a word.
constexpr std::size_t told_max = 64;
// Accepted in a row before others have their turn.
constexpr int accepted_in_a_row = 64;
constexpr auto out_of_descriptors_pause = std::chrono::milliseconds(100);

void set_option(int fd, int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof(value));
}

// A client that vanished without a word is noticed after two minutes, also in the middle of a silent stream.
void prepare(int fd) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(Loop& loop, Handler& handler, const ServerSettings& settings, ConnectionLimit& limit)
        : context_{loop, handler, settings}, limit_(limit), emptied_(loop) {}

    void listen(Fd fd, const ServerTls* tls) {
        auto listener = Socket::make(context_.loop, std::move(fd));
        listeners_.push_back(listener);
        context_.loop.spawn([self = shared_from_this(), listener, tls] { return self->accept_all(listener, tls); });
    }

    void drain() {
        context_.draining = true;
        for (const auto& listener : listeners_) listener->interrupt();
        listeners_.clear();
        for (auto& connection : connections_) connection.close_if_idle();
    }

    void stop() {
        drain();
        for (auto& connection : connections_) connection.stop();
    }

    [[nodiscard]] std::size_t connections() const { return count_; }

    Task<bool> emptied(Timepoint until) {
        const auto self = shared_from_this();
        Cancellation never;
        while (count_ > 0) {
            if (co_await emptied_.wait(until, never) != Wake::ready) co_return count_ == 0;
        }
        co_return true;
    }

private:
    // Counts one connection while it lives.
    class Seat {
    public:
        explicit Seat(std::shared_ptr<Impl> server) : server_(std::move(server)), number_(++server_->limit_.count) {
            ++server_->count_;
        }
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat() {
            --server_->limit_.count;
            if (--server_->count_ == 0) server_->emptied_.notify();
        }
        [[nodiscard]] std::size_t number() const { return number_; }

    private:
        std::shared_ptr<Impl> server_;
        std::size_t number_;
    };

    Task<void> accept_all(std::shared_ptr<Socket> listener, const ServerTls* tls) {
        while (co_await listener->wait(Direction::read, Timepoint::max()) == Wake::ready) {
            for (int i = 0; i < accepted_in_a_row; ++i) {
                Fd fd(::accept4(listener->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
                if (fd.open()) {
                    try {
                        admit(std::move(fd), tls);
                    } catch (const std::exception&) {
                        // No memory or no watch for this one: it is closed, the listener goes on.
                    }
                    continue;
                }
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                    Cancellation never;
                    co_await sleep(context_.loop, Clock::now() + out_of_descriptors_pause, never);
                    break;
                }
                if (errno != ECONNABORTED && errno != EINTR) break;
            }
        }
    }

    void admit(Fd fd, const ServerTls* tls) {
        auto seat = std::make_unique<Seat>(shared_from_this());
        const bool over_limit = seat->number() > limit_.count_max;
        if (seat->number() > limit_.count_max + told_max) return;
        prepare(fd.number());
        auto socket = Socket::make(context_.loop, std::move(fd));
        std::unique_ptr<Stream> stream;
        if (tls == nullptr) {
            stream = make_plain_stream(std::move(socket));
        } else if (auto ssl = tls->accept()) {
            stream = make_tls_stream(std::move(socket), std::move(ssl));
        } else {
            return;  // no memory
        }
        auto connection = std::make_shared<Connection>(context_, std::move(stream),
                                                       Connection::Origin{.secure = tls != nullptr, .over_limit = over_limit});
        connections_.push_back(*connection);
        context_.loop.spawn([connection, seat = std::shared_ptr<Seat>(std::move(seat))] { return connection->run(); });
    }

    ConnectionContext context_;
    ConnectionLimit& limit_;
    Event emptied_;
    std::vector<std::shared_ptr<Socket>> listeners_;
    boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>> connections_;
    std::size_t count_ = 0;
};

Server::Server(Loop& loop, Handler& handler, const ServerSettings& settings, ConnectionLimit& limit)
    : impl_(std::make_shared<Impl>(loop, handler, settings, limit)) {}
Server::~Server() {
    impl_->stop();
}
void Server::listen(Fd socket, const ServerTls* tls) {
    impl_->listen(std::move(socket), tls);
}
void Server::drain() {
    impl_->drain();
}
void Server::stop() {
    impl_->stop();
}
std::size_t Server::connections() const {
    return impl_->connections();
}
Task<bool> Server::emptied(Timepoint until) {
    return impl_->emptied(until);
}

}  // namespace net
