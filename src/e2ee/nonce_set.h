// The nonces of a stream, to find one that comes twice. Exact and compact: sorted runs, each at least twice as large as the one
// after it, so that a million nonces take 12 MB and neither order nor value of what is inserted can make it slow.
#pragma once

#include "crypto/aead.h"

#include <cstddef>
#include <vector>

namespace e2ee {

class NonceSet {
public:
    // False if it was there already.
    [[nodiscard]] bool insert(const crypto::AeadNonce& nonce);

    [[nodiscard]] std::size_t size() const { return size_; }

private:
    using Run = std::vector<crypto::AeadNonce>;

    void pack_recent();

    Run recent_;             // in order of arrival, few
    std::vector<Run> runs_;  // sorted, largest first
    std::size_t size_ = 0;
};

}  // namespace e2ee
