// A connected, non-blocking TCP socket on a loop: who wants to wait for it, waits here. Reading and writing is done by the
// streams above it.
#pragma once

#include "net/fd.h"
#include "net/loop.h"
#include "net/task.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

namespace net {

enum class Direction : std::uint8_t { read, write };

class Socket : public std::enable_shared_from_this<Socket> {
public:
    // Makes the descriptor non-blocking.
    [[nodiscard]] static std::shared_ptr<Socket> make(Loop& loop, Fd fd);

    [[nodiscard]] Loop& loop() { return loop_; }
    [[nodiscard]] int fd() { return descriptor_.native_handle(); }

    // Until reading or writing is worth a try. One coroutine for each direction at a time.
    [[nodiscard]] Task<Wake> wait(Direction direction, Timepoint until);

    // Calls `readable` on the loop whenever there is something to read and no coroutine waits for it.
    void watch(std::function<void()> readable);
    void unwatch() { watch_ = nullptr; }

    // All waits, now and later, end as `cancelled`; the descriptor is closed when the socket is destroyed.
    void interrupt();
    [[nodiscard]] bool interrupted() const { return interrupted_; }

private:
    Socket(Loop& loop, Fd fd);

    struct Side {
        explicit Side(Loop& loop) : waiter(loop) {}
        Waiter waiter;
        bool armed = false;
    };
    [[nodiscard]] Side& side(Direction direction) { return direction == Direction::read ? reading_ : writing_; }
    void arm(Direction direction);
    void ready(Direction direction);

    Loop& loop_;
    asio::posix::basic_stream_descriptor<Executor> descriptor_;
    Side reading_;
    Side writing_;
    std::function<void()> watch_;
    bool interrupted_ = false;
};

}  // namespace net
