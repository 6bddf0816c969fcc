// One thread's event loop: its io_context, its deadlines, its read buffer, and the ways for a coroutine to wait.
#pragma once

#include "net/cancellation.h"
#include "net/task.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace net {

class Deadlines;
class Loop;

// Calls `action` on the loop once its time has come. Cleared when destroyed.
class Deadline : public boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    Deadline(Loop& loop, std::function<void()> action);
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    // Replaces an earlier time. Timepoint::max() never comes.
    void set(Timepoint when);
    void clear() { unlink(); }

    friend bool operator<(const Deadline& left, const Deadline& right) { return left.when_ < right.when_; }

private:
    friend class Deadlines;
    Deadlines& deadlines_;
    std::function<void()> action_;
    Timepoint when_ = Timepoint::max();
};

// All deadlines of one loop behind one timer. Setting and clearing costs no system call unless it is the new earliest one.
class Deadlines {
public:
    explicit Deadlines(asio::io_context& io) : timer_(std::in_place, io.get_executor()) {}

private:
    friend class Deadline;
    friend class Loop;
    using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

    void add(Deadline& deadline);
    void arm();
    void fire();

    std::optional<Timer> timer_;
    Timepoint armed_ = Timepoint::max();
    boost::intrusive::multiset<Deadline, boost::intrusive::constant_time_size<false>> pending_;
};

enum class Wake : std::uint8_t { ready, timeout, cancelled };

// Parks one coroutine until somebody on the same loop wakes it.
class Waiter : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    explicit Waiter(Loop& loop) : loop_(loop) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // The first wake since the last park counts, also one that came before this park.
    [[nodiscard]] Task<Wake> park();
    [[nodiscard]] bool parked() const { return handler_.has_value(); }
    // Lets the coroutine go on from the loop, never inside of this call.
    void wake(Wake reason);
    // Lets it go on inside of this call: only for code that the loop itself called.
    void wake_now(Wake reason);
    // Forgets a wake that nobody waited for.
    void forget() { early_.reset(); }

private:
    friend class Loop;
    using WakeHandler = asio::async_result<asio::use_awaitable_t<Executor>, void(Wake)>::handler_type;

    Loop& loop_;
    std::optional<WakeHandler> handler_;
    std::optional<Wake> early_;
};

// Something several coroutines of one loop wait for: notify() wakes all that wait now.
class Event {
public:
    explicit Event(Loop& loop) : loop_(loop) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    [[nodiscard]] Task<Wake> wait(Timepoint until, Cancellation& cancellation);
    void notify();

private:
    Loop& loop_;
    std::vector<Waiter*> waiting_;
};

// Servers, clients and pools that use it are destroyed before it.
class Loop {
public:
    // Gets what escaped from a coroutine: a bug.
    using Failure = std::function<void(std::string_view what)>;

    // Makes the process ignore SIGPIPE.
    explicit Loop(Failure failure);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] asio::io_context& io() { return *io_; }
    [[nodiscard]] Executor executor() { return io_->get_executor(); }

    // 64 KiB to read into. What it holds is gone after the next co_await.
    [[nodiscard]] std::span<char> scratch() { return {scratch_.get(), scratch_size}; }

    // Starts a coroutine of its own. From any thread.
    void spawn(std::function<Task<void>()> root);
    // Runs `action` on the loop. From any thread.
    void post(std::function<void()> action);

    // Until stop(), which may be called from any thread.
    void run();
    void stop() { io_->stop(); }

    // Text of the current time for the Date header (RFC 9110 §5.6.7), made once a second.
    [[nodiscard]] const std::string& date();

    static constexpr std::size_t scratch_size = 64 * 1024;

private:
    friend class Deadline;
    friend class Waiter;

    std::optional<asio::io_context> io_{std::in_place, 1};
    std::optional<asio::executor_work_guard<Executor>> work_{std::in_place, io_->get_executor()};
    Deadlines deadlines_{*io_};
    boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>> parked_;
    std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(scratch_size);
    Failure failure_;
    std::string date_;
    std::int64_t date_second_ = 0;
};

// `timeout` when the time has come, or `cancelled`.
[[nodiscard]] Task<Wake> sleep(Loop& loop, Timepoint until, Cancellation& cancellation);

}  // namespace net
