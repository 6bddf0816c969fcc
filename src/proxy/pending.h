// A task that runs beside the coroutine that waits for it, so that the waiting can do other things meanwhile (keep-alives).
#pragma once

#include "net/loop.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace proxy {

// Lives in the waiting coroutine's frame. Before it goes, its result must have been waited for: the task works on the same
// request. Cancel what the task waits for, and it ends soon.
template <class T>
class Pending {
public:
    Pending(net::Loop& loop, net::Task<T> task) : loop_(loop), done_(loop) {
        net::asio::co_spawn(loop.executor(), run(std::move(task)), [this](std::exception_ptr bug) {
            bug_ = std::move(bug);
            finished_ = true;
            done_.notify();
        });
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    // Whether the result is there, waiting for it until `until`.
    [[nodiscard]] net::Task<bool> wait(net::Timepoint until) {
        if (!finished_) std::ignore = co_await done_.wait(until, never_);
        co_return finished_;
    }

    // Waits until the task has ended, well or not.
    [[nodiscard]] net::Task<void> settled() {
        while (!finished_) std::ignore = co_await done_.wait(net::Timepoint::max(), never_);
    }

    // Waits for the result and takes it.
    [[nodiscard]] net::Task<T> take() {
        co_await settled();
        if (bug_) std::rethrow_exception(bug_);
        co_return std::move(*result_);
    }

private:
    net::Task<void> run(net::Task<T> task) { result_.emplace(co_await std::move(task)); }

    net::Loop& loop_;
    net::Event done_;
    net::Cancellation never_;
    std::optional<T> result_;
    std::exception_ptr bug_;
    bool finished_ = false;
};

}  // namespace proxy
