#include "crypto/aead.h"

#include "crypto/kdf.h"
#include "crypto/openssl.h"

#include <openssl/evp.h>

#include <limits>
#include <new>

namespace crypto {

struct CipherContext {
    std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>> evp{EVP_CIPHER_CTX_new()};
};

namespace {

// EVP counts in int.
constexpr std::size_t evp_size_max = std::numeric_limits<int>::max() - aead_tag_size;

const EVP_CIPHER* algorithm() {
    static const EVP_CIPHER* const cipher = fetched(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
    return cipher;
}

int as_int(std::size_t size) {
    return static_cast<int>(size);
}

enum class Direction : int { open = 0, seal = 1 };

// A new message under the key that the context holds already. `into` holds text.size() bytes.
bool run(EVP_CIPHER_CTX* evp, Direction direction, const AeadNonce& nonce, base::ByteView associated_data, base::ByteView text,
         std::uint8_t* into) {
    int written = 0;
    if (EVP_CipherInit_ex2(evp, nullptr, nullptr, nonce.data(), static_cast<int>(direction), nullptr) != 1) return false;
    if (!associated_data.empty() &&
        EVP_CipherUpdate(evp, nullptr, &written, associated_data.data(), as_int(associated_data.size())) != 1) {
        return false;
    }
    written = 0;
    if (!text.empty() && EVP_CipherUpdate(evp, into, &written, text.data(), as_int(text.size())) != 1) return false;
    return written == as_int(text.size());
}

bool seal_into(EVP_CIPHER_CTX* evp, const AeadNonce& nonce, base::ByteView associated_data, base::ByteView plaintext,
               std::uint8_t* into) {
    int written = 0;
    std::uint8_t* const tag = into + plaintext.size();
    return run(evp, Direction::seal, nonce, associated_data, plaintext, into) && EVP_CipherFinal_ex(evp, tag, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, as_int(aead_tag_size), tag) == 1;
}

// The tag is judged by the final call, in constant time.
bool open_into(EVP_CIPHER_CTX* evp, const AeadNonce& nonce, base::ByteView associated_data, base::ByteView sealed,
               std::uint8_t* into) {
    const base::ByteView ciphertext = sealed.first(sealed.size() - aead_tag_size);
    std::array<std::uint8_t, aead_tag_size> tag{};
    std::copy_n(sealed.end() - aead_tag_size, aead_tag_size, tag.begin());
    std::array<std::uint8_t, aead_tag_size> rest{};
    int written = 0;
    return run(evp, Direction::open, nonce, associated_data, ciphertext, into) &&
           EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, as_int(aead_tag_size), tag.data()) == 1 &&
           EVP_CipherFinal_ex(evp, rest.data(), &written) == 1 && written == 0;
}

}  // namespace

AeadNonce random_nonce() {
    AeadNonce nonce{};
    random_bytes(nonce);
    return nonce;
}

Aead::Aead(const AeadKey& key) : context_(std::make_unique<CipherContext>()) {
    // Sealing or opening is told with each message: both use the same key schedule.
    if (!context_->evp || EVP_CipherInit_ex2(context_->evp.get(), algorithm(), key.reveal().data(), nullptr, 1, nullptr) != 1) {
        throw std::bad_alloc();
    }
}

Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

base::Result<void> Aead::seal(const AeadNonce& nonce, base::ByteView plaintext, base::Bytes& out,
                              base::ByteView associated_data) {
    if (plaintext.size() > evp_size_max || associated_data.size() > evp_size_max) {
        return base::fail(base::ErrorKind::internal, "could not encrypt: more than 2 GiB at once");
    }
    const std::size_t before = out.size();
    out.resize(before + plaintext.size() + aead_tag_size);
    if (seal_into(context_->evp.get(), nonce, associated_data, plaintext, out.data() + before)) return {};
    out.resize(before);
    return openssl_fail(base::ErrorKind::internal, "could not encrypt: ChaCha20-Poly1305 failed in OpenSSL");
}

base::Result<void> Aead::open(const AeadNonce& nonce, base::ByteView sealed, std::string& out, base::ByteView associated_data) {
    if (sealed.size() < aead_tag_size) {
        return base::fail(base::ErrorKind::reply_rejected,
                          "could not decrypt: what came is shorter than an authentication tag");
    }
    if (sealed.size() > evp_size_max || associated_data.size() > evp_size_max) {
        return base::fail(base::ErrorKind::reply_rejected, "could not decrypt: more than 2 GiB at once");
    }
    const std::size_t before = out.size();
    const std::size_t size = sealed.size() - aead_tag_size;
    bool authentic = false;
    // The size that libstdc++ 12 hands back may be larger than the one asked for (it is what it allocated): ours counts.
    out.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
        auto* const into = reinterpret_cast<std::uint8_t*>(data) + before;
        authentic = open_into(context_->evp.get(), nonce, associated_data, sealed, into);
        if (!authentic) base::wipe({into, size});
        return authentic ? before + size : before;
    });
    if (authentic) return {};
    return openssl_fail(base::ErrorKind::reply_rejected, "could not decrypt: the authentication tag does not match");
}

}  // namespace crypto
