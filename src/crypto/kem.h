// ML-KEM-768 (FIPS 203) over OpenSSL. Sizes in bytes.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace crypto {

inline constexpr std::size_t kem_public_key_size = 1184;
inline constexpr std::size_t kem_ciphertext_size = 1088;
inline constexpr std::size_t kem_shared_secret_size = 32;
inline constexpr std::size_t kem_seed_size = 64;  // d || z

using KemPublicKeyBytes = std::array<std::uint8_t, kem_public_key_size>;
using KemCiphertext = std::array<std::uint8_t, kem_ciphertext_size>;
using SharedSecret = base::Secret<kem_shared_secret_size>;

struct Encapsulation {
    KemCiphertext ciphertext;
    SharedSecret shared_secret;
};

struct KemKey;  // an OpenSSL key; hidden so that callers need no OpenSSL header

// A public key, parsed and checked once (FIPS 203 §7.2: length and modulus) and then shared: copies are cheap, use from
// several threads is safe.
class EncapsulationKey {
public:
    // A key that is not 1184 bytes or fails the modulus check is `upstream_broken`.
    [[nodiscard]] static base::Result<EncapsulationKey> parse(base::ByteView bytes);

    // A fresh shared secret and its ciphertext. `internal` only when OpenSSL is out of memory.
    [[nodiscard]] base::Result<Encapsulation> encapsulate() const;

private:
    explicit EncapsulationKey(std::shared_ptr<const KemKey> key) : key_(std::move(key)) {}
    std::shared_ptr<const KemKey> key_;
};

// A key pair. Move-only; OpenSSL wipes the secret part when it goes.
class DecapsulationKey {
public:
    [[nodiscard]] static base::Result<DecapsulationKey> generate();
    // From the 64-byte seed d || z (FIPS 203 §7.1, ML-KEM.KeyGen_internal).
    [[nodiscard]] static base::Result<DecapsulationKey> from_seed(const base::Secret<kem_seed_size>& seed);

    DecapsulationKey(DecapsulationKey&&) noexcept;
    DecapsulationKey& operator=(DecapsulationKey&&) noexcept;
    ~DecapsulationKey();

    [[nodiscard]] KemPublicKeyBytes public_key() const;

    // A ciphertext of the right size always yields 32 bytes: a forged one yields other ones (implicit rejection, FIPS 203
    // §7.3), so that only the AEAD tells. Wrong size: `reply_rejected`.
    [[nodiscard]] base::Result<SharedSecret> decapsulate(base::ByteView ciphertext) const;

private:
    explicit DecapsulationKey(std::unique_ptr<KemKey> key);
    std::unique_ptr<KemKey> key_;
};

}  // namespace crypto
