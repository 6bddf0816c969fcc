// What we know of one instance's standing from our own requests: load, speed, failures.
#pragma once

#include "discovery/fetch_state.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace discovery {

// How a lease ended, as far as it tells something about the instance.
enum class Outcome : std::uint8_t {
    answered,      // it answered: healthy
    failed,        // 5xx, reset, no opening reply: it rests for 1 s, doubling to 60 s with each failure in a row
    at_capacity,   // 429 of the instance: healthy, but avoided for 3 s
    gone,          // not found, no longer active, wants another key: its nonces are dropped and it rests as if failed
    pool_refused,  // the relay refused the nonce, or knows the instance under another chute: every nonce of the pool that was
                   // discovered before the lease is dropped
    neutral,       // the client left, the account was refused, the request was rejected: says nothing
};

// In the order of preference.
enum class Standing : std::uint8_t { ready, avoided, resting };

class Health {
public:
    static constexpr auto rest_min = std::chrono::seconds(1);
    static constexpr auto rest_max = std::chrono::seconds(60);
    static constexpr auto avoid_for = std::chrono::seconds(3);
    // A time to the first event older than this says nothing any more.
    static constexpr auto speed_known_for = std::chrono::seconds(60);

    void began() { ++in_flight_; }
    void first_event(Duration since_sent, TimePoint now);
    void ended(Outcome outcome, TimePoint now);

    [[nodiscard]] Standing standing(TimePoint now) const;
    [[nodiscard]] int in_flight() const { return in_flight_; }
    // Moving average of the time to the first event; nullopt while nothing recent is known.
    [[nodiscard]] std::optional<Duration> time_to_first_event(TimePoint now) const;

private:
    int in_flight_ = 0;
    int failures_ = 0;  // in a row
    TimePoint rests_until_{};
    TimePoint avoided_until_{};
    Duration first_event_average_{};
    TimePoint first_event_at_{};
    bool first_event_known_ = false;
};

}  // namespace discovery
