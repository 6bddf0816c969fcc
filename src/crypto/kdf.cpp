#include "crypto/kdf.h"

#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>
#include <new>

namespace crypto {
namespace {

using KdfContext = std::unique_ptr<EVP_KDF_CTX, OpenSslFree<EVP_KDF_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, OpenSslFree<EVP_MAC_CTX_free>>;

// OpenSSL only reads what these point to, though their type says it might write.
OSSL_PARAM digest_param(const char* name) {
    return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>("SHA256"), 0);
}

OSSL_PARAM bytes_param(const char* name, base::ByteView bytes) {
    static constexpr std::uint8_t nothing = 0;
    if (bytes.empty()) bytes = {&nothing, 0};  // it refuses a null pointer, but an empty salt is legal (RFC 5869 §2.2)
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

// A context with the digest chosen: copying it is cheaper than choosing by name each time.
const EVP_KDF_CTX* hkdf_template() {
    static const EVP_KDF_CTX* const made = [] {  // kept for ever: threads may derive until the very end
        const std::unique_ptr<EVP_KDF, OpenSslFree<EVP_KDF_free>> hkdf(fetched(EVP_KDF_fetch(nullptr, "HKDF", nullptr)));
        KdfContext context(EVP_KDF_CTX_new(hkdf.get()));
        const std::array params = {digest_param(OSSL_KDF_PARAM_DIGEST), OSSL_PARAM_construct_end()};
        if (!context || EVP_KDF_CTX_set_params(context.get(), params.data()) != 1) throw std::bad_alloc();
        return context.release();
    }();
    return made;
}

const EVP_MAC_CTX* hmac_template() {
    static const EVP_MAC_CTX* const made = [] {
        const std::unique_ptr<EVP_MAC, OpenSslFree<EVP_MAC_free>> hmac(fetched(EVP_MAC_fetch(nullptr, "HMAC", nullptr)));
        MacContext context(EVP_MAC_CTX_new(hmac.get()));
        const std::array params = {digest_param(OSSL_MAC_PARAM_DIGEST), OSSL_PARAM_construct_end()};
        if (!context || EVP_MAC_CTX_set_params(context.get(), params.data()) != 1) throw std::bad_alloc();
        return context.release();
    }();
    return made;
}

}  // namespace

base::Result<void> hkdf_sha256(const HkdfInput& input, std::span<std::uint8_t> out) {
    const KdfContext context(EVP_KDF_CTX_dup(hkdf_template()));
    const std::array params = {bytes_param(OSSL_KDF_PARAM_KEY, input.key_material),
                               bytes_param(OSSL_KDF_PARAM_SALT, input.salt), bytes_param(OSSL_KDF_PARAM_INFO, input.info),
                               OSSL_PARAM_construct_end()};
    if (context && EVP_KDF_derive(context.get(), out.data(), out.size(), params.data()) == 1) return {};
    return openssl_fail(base::ErrorKind::internal, "could not derive a key: HKDF-SHA256 failed in OpenSSL");
}

Sha256 sha256(base::ByteView bytes) {
    static const EVP_MD* const algorithm = fetched(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    Sha256 digest{};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr) != 1) throw std::bad_alloc();
    return digest;
}

Sha256 hmac_sha256(const base::Secret<32>& key, base::ByteView bytes) {
    const MacContext context(EVP_MAC_CTX_dup(hmac_template()));
    Sha256 digest{};
    std::size_t size = 0;
    if (!context || EVP_MAC_init(context.get(), key.reveal().data(), key.reveal().size(), nullptr) != 1 ||
        EVP_MAC_update(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1) {
        throw std::bad_alloc();
    }
    return digest;
}

void random_bytes(std::span<std::uint8_t> out) {
    if (RAND_bytes_ex(nullptr, out.data(), out.size(), 0) != 1) std::abort();
}

}  // namespace crypto
