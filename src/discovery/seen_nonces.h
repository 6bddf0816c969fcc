// Remembers which nonces were ever taken in, so that none is taken in twice, by whatever pool and whatever the relay says.
// Holds fingerprints only. Memory is bounded: two generations, the older one forgotten when the younger is full.
#pragma once

#include "base/ids.h"
#include "discovery/fetch_state.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

namespace discovery {

class SeenNonces {
public:
    // A nonce lives for at most 10 minutes (discovery/instances.h) and is remembered for longer: the last 100,000 however old,
    // and those of the last 10 minutes unless there are over a million.
    static constexpr std::size_t generation_size_min = 100'000;
    static constexpr std::size_t generation_size_max = 1'000'000;
    static constexpr auto generation_age_min = std::chrono::minutes(10);

    // True the first time, false ever after.
    [[nodiscard]] bool insert(const base::InvocationNonce& nonce, TimePoint now);

private:
    std::unordered_set<std::uint64_t> young_;
    std::unordered_set<std::uint64_t> old_;
    TimePoint young_since_{};
};

}  // namespace discovery
