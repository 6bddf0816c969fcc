#include "e2ee/nonce_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace e2ee {
namespace {

constexpr std::size_t recent_max = 64;

}  // namespace

bool NonceSet::insert(const crypto::AeadNonce& nonce) {
    if (std::ranges::find(recent_, nonce) != recent_.end()) return false;
    for (const Run& run : runs_) {
        if (std::ranges::binary_search(run, nonce)) return false;
    }
    recent_.push_back(nonce);
    ++size_;
    if (recent_.size() == recent_max) pack_recent();
    return true;
}

void NonceSet::pack_recent() {
    Run packed = std::exchange(recent_, {});
    std::ranges::sort(packed);
    while (!runs_.empty() && runs_.back().size() <= packed.size()) {
        Run merged;
        merged.reserve(runs_.back().size() + packed.size());
        std::ranges::merge(runs_.back(), packed, std::back_inserter(merged));
        packed = std::move(merged);
        runs_.pop_back();
    }
    runs_.push_back(std::move(packed));
}

}  // namespace e2ee
