// ChaCha20-Poly1305 (RFC 8439) over OpenSSL. Sealed bytes are ciphertext || tag. The protocol itself has no associated data.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace crypto {

inline constexpr std::size_t aead_key_size = 32;
inline constexpr std::size_t aead_nonce_size = 12;
inline constexpr std::size_t aead_tag_size = 16;

using AeadKey = base::Secret<aead_key_size>;
using AeadNonce = std::array<std::uint8_t, aead_nonce_size>;

// A random nonce. 2^32 of them under one key collide with a chance of 2^-33: far more than any exchange seals.
[[nodiscard]] AeadNonce random_nonce();

struct CipherContext;

// One key with its cipher context kept ready: a stream opens thousands of chunks with it. OpenSSL wipes the key when it goes.
// One thread at a time.
class Aead {
public:
    explicit Aead(const AeadKey& key);
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;
    ~Aead();

    // Appends ciphertext || tag to `out`. The nonce must never have been used with this key. `internal` for more than 2 GiB.
    [[nodiscard]] base::Result<void> seal(const AeadNonce& nonce, base::ByteView plaintext, base::Bytes& out,
                                          base::ByteView associated_data = {});

    // Appends the plaintext to `out`, or leaves `out` as it was and fails with `reply_rejected`: shorter than a tag, longer
    // than 2 GiB, or a wrong tag. Nothing that failed its tag is ever seen. `out` must not overlap `sealed`.
    [[nodiscard]] base::Result<void> open(const AeadNonce& nonce, base::ByteView sealed, std::string& out,
                                          base::ByteView associated_data = {});

private:
    std::unique_ptr<CipherContext> context_;
};

}  // namespace crypto
