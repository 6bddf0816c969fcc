#include "e2ee/key_schedule.h"

#include "crypto/kdf.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace e2ee {
namespace {

constexpr std::size_t salt_size = 16;

// In the order of Purpose.
constexpr std::array<std::string_view, 3> infos = {"e2e-req-v1", "e2e-resp-v1", "e2e-stream-v1"};

base::Result<crypto::Aead> derive(const crypto::SharedSecret& secret, base::ByteView kem_ciphertext, Purpose purpose) {
    crypto::AeadKey key;
    const base::ByteView info = base::as_bytes(infos[static_cast<std::size_t>(purpose)]);
    const auto derived = crypto::hkdf_sha256({secret.reveal(), kem_ciphertext.first(salt_size), info}, key.fill());
    if (!derived) return std::unexpected(derived.error());
    return crypto::Aead(key);
}

}  // namespace

base::Result<crypto::Aead> cipher_for(const crypto::Encapsulation& made, Purpose purpose) {
    return derive(made.shared_secret, made.ciphertext, purpose);
}

base::Result<crypto::Aead> cipher_from(const crypto::DecapsulationKey& key, base::ByteView kem_ciphertext, Purpose purpose) {
    const auto secret = key.decapsulate(kem_ciphertext);
    if (!secret) return std::unexpected(secret.error());
    return derive(*secret, kem_ciphertext, purpose);
}

std::optional<crypto::AeadNonce> take_nonce(base::Cursor& cursor) {
    const auto bytes = cursor.take(crypto::aead_nonce_size);
    if (!bytes) return std::nullopt;
    crypto::AeadNonce nonce{};
    std::copy(bytes->begin(), bytes->end(), nonce.begin());
    return nonce;
}

}  // namespace e2ee
