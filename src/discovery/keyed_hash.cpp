#include "discovery/keyed_hash.h"

#include "base/bytes.h"
#include "crypto/kdf.h"

#include <algorithm>

namespace discovery {

namespace {

// A conversation's hash begins with what it is known by, so that one text means another conversation in each place.
enum class KnownBy : std::uint8_t { session = 1, prompt_cache_key, user, opening };

base::Bytes begin(KnownBy by) {
    return {static_cast<std::uint8_t>(by)};
}

void append(base::Bytes& out, base::ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class Hash>
Hash shorten(const crypto::Sha256& digest) {
    Hash hash;
    std::copy_n(digest.begin(), hash.bytes.size(), hash.bytes.begin());
    return hash;
}

}  // namespace

CredentialHash KeyedHasher::credential(const base::ApiKey& api_key) const {
    return shorten<CredentialHash>(crypto::hmac_sha256(key_, base::as_bytes(api_key.reveal())));
}

std::optional<ConversationKey> KeyedHasher::conversation(const CredentialHash& credential, const base::ModelName& model,
                                                         const ConversationHints& hints) const {
    // Texts go in as digests: all parts have a fixed size, and prompts are not copied.
    base::Bytes parts;
    const auto add_text = [&](std::string_view text) { append(parts, crypto::hmac_sha256(key_, base::as_bytes(text))); };
    if (!hints.session.empty()) {
        parts = begin(KnownBy::session);
        add_text(hints.session);
    } else if (!hints.prompt_cache_key.empty()) {
        parts = begin(KnownBy::prompt_cache_key);
        add_text(hints.prompt_cache_key);
    } else if (!hints.user.empty()) {
        parts = begin(KnownBy::user);
        add_text(hints.user);
    } else if (!hints.system_prompt.empty() || !hints.first_user_message.empty()) {
        parts = begin(KnownBy::opening);
        add_text(hints.system_prompt);
        add_text(hints.first_user_message);
    } else {
        return std::nullopt;
    }
    append(parts, credential.bytes);
    add_text(model.text());
    return shorten<ConversationKey>(crypto::hmac_sha256(key_, parts));
}

}  // namespace discovery
