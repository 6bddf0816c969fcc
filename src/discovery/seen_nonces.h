// Remembers which nonces were ever taken in, so that none is taken in twice, by whatever pool and whatever the relay says.
// Holds fingerprints only. Memory is bounded: two generations of entries, the older one forgotten when the younger is full or
// old.
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
    // A nonce lives for at most 10 minutes (discovery/instances.h): remembered for at least that long unless a million others
    // came.
    static constexpr auto generation_age_max = std::chrono::minutes(10);
    static constexpr std::size_t generation_size_max = 1'000'000;

    // True the first time, false ever after.
    [[nodiscard]] bool insert(const base::InvocationNonce& nonce, TimePoint now);

private:
    std::unordered_set<std::uint64_t> young_;
    std::unordered_set<std::uint64_t> old_;
    TimePoint young_since_{};
};

}  // namespace discovery
