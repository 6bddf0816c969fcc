#include "discovery/seen_nonces.h"

#include <functional>
#include <utility>

namespace discovery {

bool SeenNonces::insert(const base::InvocationNonce& nonce, TimePoint now) {
    if (young_.empty()) young_since_ = now;
    const bool old_enough = young_.size() >= generation_size_min && now - young_since_ >= generation_age_min;
    if (old_enough || young_.size() >= generation_size_max) {
        old_ = std::exchange(young_, {});
        young_since_ = now;
    }
    const std::uint64_t fingerprint = std::hash<std::string_view>{}(nonce.reveal());
    return !old_.contains(fingerprint) && young_.insert(fingerprint).second;
}

}  // namespace discovery
