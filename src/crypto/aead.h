// ChaCha20-Poly1305 (RFC 8439) over OpenSSL, without associated data as our protocol has none.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace crypto {

inline constexpr std::size_t aead_key_size = 32;
inline constexpr std::size_t aead_nonce_size = 12;
inline constexpr std::size_t aead_tag_size = 16;

using AeadKey = base::Secret<aead_key_size>;
using AeadNonce = std::array<std::uint8_t, aead_nonce_size>;

struct CipherContext;

// One key with its cipher context kept ready: a stream opens thousands of chunks with it.
class Aead {
public:
    explicit Aead(const AeadKey& key);
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;
    ~Aead();

    // Appends ciphertext || tag to `out`. The nonce must never have been used with this key.
    [[nodiscard]] base::Result<void> seal(const AeadNonce& nonce, base::ByteView plaintext, base::Bytes& out,
                                          base::ByteView associated_data = {});

    // Appends the plaintext to `out`, or appends nothing and fails with `reply_rejected`: shorter than a tag, or wrong tag.
    [[nodiscard]] base::Result<void> open(const AeadNonce& nonce, base::ByteView sealed, base::Bytes& out,
                                          base::ByteView associated_data = {});

private:
    std::unique_ptr<CipherContext> context_;
};

}  // namespace crypto
