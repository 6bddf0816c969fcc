// What the tests of discovery share: a made-up relay's answers.
#pragma once

#include "base/base64.h"
#include "crypto/kem.h"
#include "discovery/pools.h"
#include "json/json.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace discovery::test {

using namespace std::chrono_literals;

inline constexpr TimePoint start{1000h};

inline std::string key_base64() {
    return base::base64_encode(crypto::DecapsulationKey::generate()->public_key());
}

inline std::shared_ptr<const InstanceKey> make_key() {
    const std::string text = key_base64();
    return std::make_shared<const InstanceKey>(InstanceKey{text, *crypto::EncapsulationKey::parse(*base::base64_decode(text))});
}

// One key for all who do not care: making one costs time.
inline const std::shared_ptr<const InstanceKey>& any_key() {
    static const auto key = make_key();
    return key;
}

struct Row {
    std::string id;
    std::vector<std::string> nonces;
    std::shared_ptr<const InstanceKey> key = any_key();
};

inline Discovered discovered(const std::vector<Row>& rows, std::chrono::seconds life = 60s) {
    Discovered result;
    result.nonces_live_for = life;
    for (const Row& row : rows) {
        DiscoveredInstance instance;
        instance.id = base::InstanceId(row.id);
        instance.key = row.key;
        for (const std::string& nonce : row.nonces) instance.nonces.emplace_back(nonce);
        result.instances.push_back(std::move(instance));
    }
    return result;
}

// "name-0", "name-1", ...
inline std::vector<std::string> nonces(const std::string& name, int count) {
    std::vector<std::string> result;
    for (int i = 0; i < count; ++i) result.push_back(name + "-" + std::to_string(i));
    return result;
}

inline CredentialHash credential(std::uint8_t number) {
    CredentialHash hash;
    hash.bytes[0] = number;
    return hash;
}

inline ConversationKey conversation(std::uint8_t number) {
    ConversationKey key;
    key.bytes[0] = number;
    return key;
}

inline PoolKey pool_of(std::uint8_t number, std::string chute = "chute") {
    return {credential(number), base::ChuteId(std::move(chute))};
}

}  // namespace discovery::test
