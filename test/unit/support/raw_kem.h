// ML-KEM-768 with what only vectors need and the project must never offer: chosen randomness, and expanded secret keys.
#pragma once

#include "base/bytes.h"
#include "crypto/kem.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <optional>

namespace support {

struct FreePkey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Pkey = std::unique_ptr<EVP_PKEY, FreePkey>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreePkey>;

struct RawEncapsulation {
    base::Bytes ciphertext;
    base::Bytes shared_secret;
};

// FIPS 203 §6.2, ML-KEM.Encaps_internal(ek, m); nullopt if the key is refused.
inline std::optional<RawEncapsulation> encapsulate_with(base::ByteView ek, base::Bytes m) {
    const Pkey key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ML-KEM-768", nullptr, ek.data(), ek.size()));
    if (!key) return std::nullopt;
    const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_KEM_PARAM_IKME, m.data(), m.size()),
                                 OSSL_PARAM_construct_end()};
    RawEncapsulation made{base::Bytes(crypto::kem_ciphertext_size), base::Bytes(crypto::kem_shared_secret_size)};
    std::size_t ciphertext_size = made.ciphertext.size();
    std::size_t secret_size = made.shared_secret.size();
    if (EVP_PKEY_encapsulate_init(context.get(), params) != 1) return std::nullopt;
    if (EVP_PKEY_encapsulate(context.get(), made.ciphertext.data(), &ciphertext_size, made.shared_secret.data(),
                             &secret_size) != 1)
        return std::nullopt;
    return made;
}

// FIPS 203 §7.3 with a secret key in its expanded form (2400 bytes); nullopt if key or ciphertext is refused.
inline std::optional<base::Bytes> decapsulate_expanded(base::ByteView dk, base::ByteView ciphertext) {
    const Pkey key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ML-KEM-768", nullptr, dk.data(), dk.size()));
    ERR_clear_error();
    if (!key) return std::nullopt;
    const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    base::Bytes secret(crypto::kem_shared_secret_size);
    std::size_t size = secret.size();
    if (EVP_PKEY_decapsulate_init(context.get(), nullptr) != 1) return std::nullopt;
    if (EVP_PKEY_decapsulate(context.get(), secret.data(), &size, ciphertext.data(), ciphertext.size()) != 1)
        return std::nullopt;
    return secret;
}

}  // namespace support
