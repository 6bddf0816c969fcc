#include "net/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <signal.h>
#include <time.h>

#include <array>
#include <exception>
#include <utility>

namespace net {

Deadline::Deadline(Loop& loop, std::function<void()> action) : deadlines_(loop.deadlines_), action_(std::move(action)) {}

void Deadline::set(Timepoint when) {
    unlink();
    when_ = when;
    if (when != Timepoint::max()) deadlines_.add(*this);
}

void Deadlines::add(Deadline& deadline) {
    pending_.insert(deadline);
    if (deadline.when_ < armed_) arm();
}

void Deadlines::arm() {
    armed_ = pending_.begin()->when_;
    timer_->expires_at(armed_);
    timer_->async_wait([this](boost::system::error_code error) {
        if (!error) fire();
    });
}

// A deadline that was cleared leaves the timer as it is: it fires once in vain and looks for the next one.
void Deadlines::fire() {
    armed_ = Timepoint::max();
    const auto now = Clock::now();
    while (!pending_.empty() && pending_.begin()->when_ <= now) {
        auto& due = *pending_.begin();
        due.unlink();
        const auto action = due.action_;  // it may destroy its deadline
        action();
    }
    if (!pending_.empty() && pending_.begin()->when_ < armed_) arm();
}

Task<Wake> Waiter::park() {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(Wake)>(
        [this](WakeHandler handler) {
            handler_.emplace(std::move(handler));
            loop_.parked_.push_back(*this);
            if (early_) wake(*std::exchange(early_, std::nullopt));
        },
        use_task);
}

void Waiter::wake(Wake reason) {
    if (!handler_) {
        if (!early_) early_ = reason;
        return;
    }
    auto handler = std::move(*handler_);
    handler_.reset();
    unlink();
    asio::post(loop_.executor(), [handler = std::move(handler), reason]() mutable { std::move(handler)(reason); });
}

void Waiter::wake_now(Wake reason) {
    if (!handler_) {
        if (!early_) early_ = reason;
        return;
    }
    auto handler = std::move(*handler_);
    handler_.reset();
    unlink();
    std::move(handler)(reason);
}

Task<Wake> Event::wait(Timepoint until, Cancellation& cancellation) {
    Waiter waiter(loop_);
    Deadline deadline(loop_, [&waiter] { waiter.wake(Wake::timeout); });
    deadline.set(until);
    Cancellation::Callback on_cancel(cancellation, [&waiter] { waiter.wake(Wake::cancelled); });
    waiting_.push_back(&waiter);
    const auto reason = co_await waiter.park();
    std::erase(waiting_, &waiter);
    co_return reason;
}

void Event::notify() {
    for (auto* waiter : waiting_) waiter->wake(Wake::ready);
}

Task<Wake> sleep(Loop& loop, Timepoint until, Cancellation& cancellation) {
    Event never(loop);
    co_return co_await never.wait(until, cancellation);
}

// OpenSSL writes with write(2), which knows no MSG_NOSIGNAL.
Loop::Loop(Failure failure) : failure_(std::move(failure)) {
    ::signal(SIGPIPE, SIG_IGN);
}

// What still waits is destroyed with the io_context, without running on; the deadlines must still be there then.
Loop::~Loop() {
    work_.reset();
    deadlines_.timer_.reset();
    while (!parked_.empty()) {
        auto& waiter = parked_.front();
        waiter.unlink();
        waiter.handler_.reset();
    }
    io_.reset();
}

void Loop::spawn(std::function<Task<void>()> root) {
    const auto report = [this](std::exception_ptr escaped) {
        if (!escaped) return;
        try {
            std::rethrow_exception(escaped);
        } catch (const std::exception& error) {
            failure_(error.what());
        } catch (...) {
            failure_("an exception of an unknown type");
        }
    };
    // co_spawn begins at once when it is called on the loop: whoever spawns under a lock that the root takes too would wait for
    // ever.
    post([this, report, root = std::move(root)]() mutable { asio::co_spawn(io_->get_executor(), std::move(root), report); });
}

void Loop::post(std::function<void()> action) {
    asio::post(io_->get_executor(), std::move(action));
}

void Loop::run() {
    io_->run();
}

const std::string& Loop::date() {
    const std::int64_t now = ::time(nullptr);
    if (now != date_second_) {
        date_second_ = now;
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        std::array<char, 40> text{};
        date_.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    }
    return date_;
}

}  // namespace net
