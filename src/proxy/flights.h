// Single flight: of all who want the same thing fetched at the same time, on any thread, one fetches and the rest wait for it.
#pragma once

#include "api/failure.h"
#include "net/loop.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace proxy {

class Flights {
public:
    // Puts what it fetched where those who wait will look, or says why it could not.
    using Fetch = std::function<net::Task<api::Outcome<void>>()>;

    // Starts `fetch` on `loop` unless a flight of that key is under way. It runs to its end whoever leaves meanwhile.
    void start(net::Loop& loop, const std::string& key, Fetch fetch);

    // start(), then waits for the end of that flight and answers how it went. 504 at `until`, 499 when cancelled.
    [[nodiscard]] net::Task<api::Outcome<void>> join(net::Loop& loop, std::string key, Fetch fetch, net::Timepoint until,
                                                     net::Cancellation& cancellation);

private:
    // Somebody who waits, on a loop of their own.
    struct Waiting {
        explicit Waiting(net::Loop& own) : loop(own), landed(own) {}
        net::Loop& loop;
        net::Event landed;
        std::optional<api::Outcome<void>> result;
    };
    using Flight = std::vector<std::shared_ptr<Waiting>>;

    [[nodiscard]] net::Task<void> fly(std::string key, Fetch fetch);
    void land(const std::string& key, const api::Outcome<void>& result);

    std::mutex mutex_;
    std::map<std::string, Flight> flights_;  // guarded by mutex_
};

}  // namespace proxy
