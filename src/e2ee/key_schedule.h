// The protocol's key schedule (docs/protocol.md §1-2): HKDF-SHA256 of the shared secret, salted with the first 16 bytes of the
// KEM ciphertext. The purpose keeps apart the keys of a request, a reply and a stream. Not for other folders.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/kem.h"

#include <cstdint>
#include <optional>

namespace e2ee {

enum class Purpose : std::uint8_t { request, reply, stream };

// The sending side: the cipher for what goes with this encapsulation.
[[nodiscard]] base::Result<crypto::Aead> cipher_for(const crypto::Encapsulation& made, Purpose purpose);

// The receiving side. A ciphertext of the wrong size is `reply_rejected`; a forged one yields a cipher that opens nothing.
[[nodiscard]] base::Result<crypto::Aead> cipher_from(const crypto::DecapsulationKey& key, base::ByteView kem_ciphertext,
                                                     Purpose purpose);

// Cuts a nonce off the front; nullopt if there are too few bytes.
[[nodiscard]] std::optional<crypto::AeadNonce> take_nonce(base::Cursor& cursor);

}  // namespace e2ee
