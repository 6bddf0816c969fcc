// Callers and their conversations are known to the caches only by keyed hashes under a key that this process made up, so that
// no table of ours holds a credential or a prompt, and nobody outside can aim at an entry.
#pragma once

#include "base/ids.h"
#include "base/secret.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>

namespace discovery {

// 16 bytes of HMAC-SHA256 as a type of its own.
template <class Tag>
struct KeyedHash {
    std::array<std::uint8_t, 16> bytes{};

    friend auto operator<=>(const KeyedHash&, const KeyedHash&) = default;
};

using CredentialHash = KeyedHash<struct CredentialTag>;
using ConversationKey = KeyedHash<struct ConversationTag>;

// What tells one conversation from another (protocol page, "Prompt caches and stickiness"). Empty: not given. The first of
// session, prompt_cache_key and user that is given decides; without any, system prompt and first user message do.
struct ConversationHints {
    std::string_view session = {};           // header X-Session-Id
    std::string_view prompt_cache_key = {};  // member of the body
    std::string_view user = {};              // metadata.user_id (Messages) or user
    std::string_view system_prompt = {};
    std::string_view first_user_message = {};
};

class KeyedHasher {
public:
    // `key`: 32 random bytes, made once per process.
    explicit KeyedHasher(base::Secret<32> key) : key_(std::move(key)) {}

    [[nodiscard]] CredentialHash credential(const base::ApiKey& api_key) const;

    // Conversations of different credentials or models never share a key. nullopt if no hint is given: such requests
    // (embeddings) belong to no conversation. Reads its texts once, without copying them.
    [[nodiscard]] std::optional<ConversationKey> conversation(const CredentialHash& credential, const base::ModelName& model,
                                                              const ConversationHints& hints) const;

private:
    base::Secret<32> key_;
};

}  // namespace discovery

template <class Tag>
struct std::hash<discovery::KeyedHash<Tag>> {
    // The bytes are as good as random already.
    std::size_t operator()(const discovery::KeyedHash<Tag>& hash) const noexcept {
        std::size_t value = 0;
        std::memcpy(&value, hash.bytes.data(), sizeof value);
        return value;
    }
};
