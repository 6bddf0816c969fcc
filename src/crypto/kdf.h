// HKDF-SHA256 (RFC 5869), HMAC-SHA256 (RFC 2104), SHA-256 (FIPS 180-4) and random bytes, over OpenSSL. Use from any thread.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace crypto {

inline constexpr std::size_t hkdf_output_max = 255 * 32;

struct HkdfInput {
    base::ByteView key_material;
    base::ByteView salt;
    base::ByteView info;
};

// Extract, then expand, filling `out` (1 to hkdf_output_max bytes; another length is `internal`).
[[nodiscard]] base::Result<void> hkdf_sha256(const HkdfInput& input, std::span<std::uint8_t> out);

using Sha256 = std::array<std::uint8_t, 32>;
[[nodiscard]] Sha256 sha256(base::ByteView bytes);

// Keyed hash (HMAC-SHA256, RFC 2104) for names of things that must not be guessable from outside, e.g. pool keys.
[[nodiscard]] Sha256 hmac_sha256(const base::Secret<32>& key, base::ByteView bytes);

// Fills with bytes of OpenSSL's generator, which the operating system seeds. Ends the process if there is none: nothing
// sensible can go on.
void random_bytes(std::span<std::uint8_t> out);

}  // namespace crypto
