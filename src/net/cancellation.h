// One per exchange: tells everything that works for it to stop. Single-threaded, never moves.
#pragma once

#include <boost/intrusive/list.hpp>

#include <functional>
#include <utility>

namespace net {

class Cancellation {
public:
    // Calls `callback` at most once, when the cancellation happens (at once if it already did), unless destroyed before. The
    // callback must only leave a note (wake a waiter, close a socket): it runs inside of whoever cancels.
    class Callback : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    public:
        Callback(Cancellation& cancellation, std::function<void()> callback) : callback_(std::move(callback)) {
            if (cancellation.cancelled_) {
                callback_();
            } else {
                cancellation.callbacks_.push_back(*this);
            }
        }
        Callback(const Callback&) = delete;
        Callback& operator=(const Callback&) = delete;

    private:
        friend class Cancellation;
        std::function<void()> callback_;
    };

    Cancellation() = default;
    Cancellation(const Cancellation&) = delete;
    Cancellation& operator=(const Cancellation&) = delete;

    [[nodiscard]] bool cancelled() const { return cancelled_; }

    void cancel() {
        cancelled_ = true;
        while (!callbacks_.empty()) {
            auto& callback = callbacks_.front();
            callbacks_.pop_front();
            callback.callback_();
        }
    }

private:
    using Callbacks = boost::intrusive::list<Callback, boost::intrusive::constant_time_size<false>>;

    bool cancelled_ = false;
    Callbacks callbacks_;
};

}  // namespace net
