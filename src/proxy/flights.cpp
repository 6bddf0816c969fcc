#include "proxy/flights.h"

#include <exception>
#include <utility>

namespace proxy {

void Flights::land(const std::string& key, const api::Outcome<void>& result) {
    Flight waiting;
    {
        const std::scoped_lock lock(mutex_);
        waiting = std::move(flights_[key]);
        flights_.erase(key);
    }
    for (const auto& each : waiting) {
        each->loop.post([each, result] {
            each->result = result;
            each->landed.notify();
        });
    }
}

net::Task<void> Flights::fly(std::string key, Fetch fetch) {
    api::Outcome<void> result = api::refuse(500, "internal error while fetching from the relay");
    std::exception_ptr bug;
    try {
        result = co_await fetch();
    } catch (...) {
        bug = std::current_exception();  // the flight must land all the same: others wait for it
    }
    land(key, result);
    if (bug) std::rethrow_exception(bug);
}

void Flights::start(net::Loop& loop, const std::string& key, Fetch fetch) {
    {
        const std::scoped_lock lock(mutex_);
        if (!flights_.try_emplace(key).second) return;
    }
    loop.spawn([this, key, fetch = std::move(fetch)] { return fly(key, fetch); });
}

net::Task<api::Outcome<void>> Flights::join(net::Loop& loop, std::string key, Fetch fetch, net::Timepoint until,
                                            net::Cancellation& cancellation) {
    const auto waiting = std::make_shared<Waiting>(loop);
    bool first = false;
    {
        const std::scoped_lock lock(mutex_);
        const auto [flight, inserted] = flights_.try_emplace(key);
        flight->second.push_back(waiting);
        first = inserted;
    }
    if (first) loop.spawn([this, key, fetch = std::move(fetch)] { return fly(key, fetch); });
    // Landing posts to this loop, so it cannot happen between here and the wait.
    const net::Wake wake = co_await waiting->landed.wait(until, cancellation);
    if (waiting->result) co_return *waiting->result;
    if (wake == net::Wake::cancelled) co_return api::refuse(499, "the client left");
    co_return api::refuse(504, "the relay took too long to answer");
}

}  // namespace proxy
