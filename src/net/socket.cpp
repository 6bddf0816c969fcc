#include "net/socket.h"

#include <fcntl.h>

#include <tuple>
#include <utility>

namespace net {
namespace {

Fd non_blocking(Fd fd) {
    const int flags = ::fcntl(fd.number(), F_GETFL);
    if ((flags & O_NONBLOCK) == 0) ::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK);
    return fd;
}

}  // namespace

std::shared_ptr<Socket> Socket::make(Loop& loop, Fd fd) {
    return std::shared_ptr<Socket>(new Socket(loop, std::move(fd)));
}

Socket::Socket(Loop& loop, Fd fd) : loop_(loop), descriptor_(loop.executor()), reading_(loop), writing_(loop) {
    fd = non_blocking(std::move(fd));
    descriptor_.assign(fd.number());  // throws without having taken it
    std::ignore = fd.release();
}

Task<Wake> Socket::wait(Direction direction, Timepoint until) {
    if (interrupted_) co_return Wake::cancelled;
    auto& here = side(direction);
    arm(direction);
    here.waiter.forget();
    Deadline deadline(loop_, [&here] { here.waiter.wake(Wake::timeout); });
    deadline.set(until);
    const auto reason = co_await here.waiter.park();
    co_return reason;
}

// A wait that timed out stays armed and serves the next one. Arming tells the kernel to report what is there already.
void Socket::arm(Direction direction) {
    auto& here = side(direction);
    if (here.armed) return;
    here.armed = true;
    const auto kind =
        direction == Direction::read ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
    descriptor_.async_wait(kind, [weak = weak_from_this(), direction](boost::system::error_code) {
        if (const auto self = weak.lock()) self->ready(direction);
    });
}

void Socket::ready(Direction direction) {
    auto& here = side(direction);
    here.armed = false;
    if (here.waiter.parked()) {
        here.waiter.wake_now(interrupted_ ? Wake::cancelled : Wake::ready);
    } else if (direction == Direction::read && watch_ && !interrupted_) {
        const auto readable = watch_;  // it may end the watch
        readable();
        if (watch_ && !interrupted_) arm(Direction::read);
    }
}

void Socket::watch(std::function<void()> readable) {
    watch_ = std::move(readable);
    if (!interrupted_) arm(Direction::read);
}

void Socket::interrupt() {
    interrupted_ = true;
    watch_ = nullptr;
    reading_.waiter.wake(Wake::cancelled);
    writing_.waiter.wake(Wake::cancelled);
    descriptor_.cancel();
}

}  // namespace net
