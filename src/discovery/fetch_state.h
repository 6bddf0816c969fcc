// Whether something should be fetched now: one flight at a time, back-off after failures. Holds no flight itself: those, and
// whoever waits for them, are the edge's.
#pragma once

#include <chrono>
#include <cstdint>

namespace discovery {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

enum class FetchFailure : std::uint8_t {
    failed,        // unreachable, broken, refused
    rate_limited,  // 429
};

class FetchState {
public:
    // A flight that never reported back counts as lost after this long.
    static constexpr auto flight_max = std::chrono::seconds(60);
    // Waits double with each failure in a row.
    static constexpr auto failure_wait_min = std::chrono::milliseconds(500);
    static constexpr auto failure_wait_max = std::chrono::seconds(30);
    static constexpr auto rate_limit_wait_min = std::chrono::seconds(6);
    static constexpr auto rate_limit_wait_max = std::chrono::seconds(60);

    void began(TimePoint now) { flight_until_ = now + flight_max; }
    void succeeded();
    void failed(TimePoint now, FetchFailure failure);

    [[nodiscard]] bool in_flight(TimePoint now) const { return now < flight_until_; }

    // For a request that cannot go on without it: only a rate limit holds it back.
    [[nodiscard]] bool may_fetch(TimePoint now) const { return !in_flight(now) && now >= limited_until_; }
    // For what is wanted ahead of need, or has a stale stand-in: every failure holds it back.
    [[nodiscard]] bool may_fetch_ahead(TimePoint now) const { return may_fetch(now) && now >= retry_at_; }
    // How long a rate limit still holds; zero if none does.
    [[nodiscard]] Duration limited_for(TimePoint now) const { return now < limited_until_ ? limited_until_ - now : Duration{}; }

private:
    TimePoint flight_until_{};
    TimePoint retry_at_{};
    TimePoint limited_until_{};
    int failures_ = 0;
};

}  // namespace discovery
