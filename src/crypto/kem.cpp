#include "crypto/kem.h"

#include "crypto/openssl.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <new>

namespace crypto {

struct KemKey {
    std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>> evp;
};

namespace {

using Context = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;

constexpr const char* algorithm = "ML-KEM-768";

Context context_of_algorithm() {
    return Context(fetched(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr)));
}

Context context_of(const KemKey& key) {
    return Context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.evp.get(), nullptr));
}

}  // namespace

base::Result<EncapsulationKey> EncapsulationKey::parse(base::ByteView bytes) {
    if (bytes.size() != kem_public_key_size) {
        return base::fail(base::ErrorKind::upstream_broken, "an instance's public key has the wrong size for ML-KEM-768");
    }
    auto key = std::make_shared<KemKey>();
    key->evp.reset(EVP_PKEY_new_raw_public_key_ex(nullptr, algorithm, nullptr, bytes.data(), bytes.size()));
    if (key->evp) return EncapsulationKey(std::move(key));
    return openssl_fail(base::ErrorKind::upstream_broken, "an instance's public key is not a valid ML-KEM-768 key");
}

base::Result<Encapsulation> EncapsulationKey::encapsulate() const {
    const Context context = context_of(*key_);
    base::Result<Encapsulation> made;
    std::size_t ciphertext_size = made->ciphertext.size();
    std::size_t secret_size = kem_shared_secret_size;
    if (context && EVP_PKEY_encapsulate_init(context.get(), nullptr) == 1 &&
        EVP_PKEY_encapsulate(context.get(), made->ciphertext.data(), &ciphertext_size, made->shared_secret.fill().data(),
                             &secret_size) == 1 &&
        ciphertext_size == kem_ciphertext_size && secret_size == kem_shared_secret_size) {
        return made;
    }
    return openssl_fail(base::ErrorKind::internal, "could not encapsulate: ML-KEM-768 failed in OpenSSL");
}

DecapsulationKey::DecapsulationKey(std::unique_ptr<KemKey> key) : key_(std::move(key)) {}
DecapsulationKey::DecapsulationKey(DecapsulationKey&&) noexcept = default;
DecapsulationKey& DecapsulationKey::operator=(DecapsulationKey&&) noexcept = default;
DecapsulationKey::~DecapsulationKey() = default;

base::Result<DecapsulationKey> DecapsulationKey::generate() {
    const Context context = context_of_algorithm();
    EVP_PKEY* made = nullptr;
    const bool done = EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_generate(context.get(), &made) == 1;
    auto key = std::make_unique<KemKey>();
    key->evp.reset(made);
    if (done) return DecapsulationKey(std::move(key));
    return openssl_fail(base::ErrorKind::internal, "could not make a key pair: ML-KEM-768 failed in OpenSSL");
}

base::Result<DecapsulationKey> DecapsulationKey::from_seed(const base::Secret<kem_seed_size>& seed) {
    const Context context = context_of_algorithm();
    // OpenSSL reads the seed, though its type says it might write.
    std::array params = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED,
                                                           const_cast<std::uint8_t*>(seed.reveal().data()), kem_seed_size),
                         OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    const bool done = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, params.data()) == 1;
    auto key = std::make_unique<KemKey>();
    key->evp.reset(made);
    if (done) return DecapsulationKey(std::move(key));
    return openssl_fail(base::ErrorKind::internal, "could not make a key pair from its seed: ML-KEM-768 failed in OpenSSL");
}

KemPublicKeyBytes DecapsulationKey::public_key() const {
    KemPublicKeyBytes bytes{};
    std::size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key_->evp.get(), bytes.data(), &size) != 1 || size != bytes.size()) throw std::bad_alloc();
    return bytes;
}

base::Result<SharedSecret> DecapsulationKey::decapsulate(base::ByteView ciphertext) const {
    if (ciphertext.size() != kem_ciphertext_size) {
        return base::fail(base::ErrorKind::reply_rejected, "could not decrypt: an ML-KEM-768 ciphertext has the wrong size");
    }
    const Context context = context_of(*key_);
    base::Result<SharedSecret> secret;
    std::size_t size = kem_shared_secret_size;
    if (context && EVP_PKEY_decapsulate_init(context.get(), nullptr) == 1 &&
        EVP_PKEY_decapsulate(context.get(), secret->fill().data(), &size, ciphertext.data(), ciphertext.size()) == 1 &&
        size == kem_shared_secret_size) {
        return secret;
    }
    return openssl_fail(base::ErrorKind::internal, "could not decapsulate: ML-KEM-768 failed in OpenSSL");
}

}  // namespace crypto
