// The relay's answer to "which instances of this chute can be asked" (protocol page, "Discovery and nonces"), made into types.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "crypto/kem.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace discovery {

// An instance's public key: parsed once, shared by every lease of it.
struct InstanceKey {
    std::string base64;  // as served: the attestation evidence is bound to this text
    crypto::EncapsulationKey key;
};

struct DiscoveredInstance {
    base::InstanceId id;  // [A-Za-z0-9_-]{1,64}
    std::shared_ptr<const InstanceKey> key;
    std::vector<base::InvocationNonce> nonces;  // [A-Za-z0-9_-]{16,128} each
};

struct Discovered {
    std::vector<DiscoveredInstance> instances;
    std::chrono::seconds nonces_live_for{};  // 1 s to 600 s, from the moment the request was sent
    std::size_t rows_skipped = 0;            // instances that could not be used: unsafe id, bad key, no usable nonce
};

// From the body of a 200. `upstream_broken` for what is not such a document or has rows of which none is usable; `no_instance`
// for an empty list.
[[nodiscard]] base::Result<Discovered> parse_discovered(std::string_view json);

}  // namespace discovery
