#include "sim/envelope.h"

#include "base/base64.h"
#include "crypto/gzip.h"
#include "crypto/kdf.h"

#include <libdeflate.h>

#include <sys/mman.h>

#include <algorithm>
#include <stdexcept>

namespace sim {
namespace {

constexpr std::size_t salt_size = 16;
constexpr std::size_t plaintext_max = 512 * 1024 * 1024;

std::optional<crypto::AeadKey> derive(const crypto::SharedSecret& secret, base::ByteView ciphertext, std::string_view info) {
    crypto::AeadKey key;
    const auto done = crypto::hkdf_sha256({secret.reveal(), ciphertext.first(salt_size), base::as_bytes(info)}, key.fill());
    if (!done) return std::nullopt;
    return key;
}

std::optional<std::string> open_with(const crypto::DecapsulationKey& key, base::ByteView kem_ciphertext,
                                     base::ByteView nonce_bytes, base::ByteView sealed) {
    const auto secret = key.decapsulate(kem_ciphertext);
    if (!secret) return std::nullopt;
    const auto request_key = derive(*secret, kem_ciphertext, "e2e-req-v1");
    if (!request_key) return std::nullopt;
    crypto::AeadNonce nonce;
    std::ranges::copy(nonce_bytes, nonce.begin());
    std::string packed;
    if (!crypto::Aead(*request_key).open(nonce, sealed, packed)) return std::nullopt;
    return packed;
}

}  // namespace

OpenedEnvelope open_envelope(const Instance& instance, std::string_view envelope) {
    base::Cursor cursor(base::as_bytes(envelope));
    const auto kem_ciphertext = cursor.take(crypto::kem_ciphertext_size);
    const auto nonce = cursor.take(crypto::aead_nonce_size);
    if (!kem_ciphertext || !nonce || cursor.rest().size() < crypto::aead_tag_size) return {{}, "envelope_too_short", 0};

    for (std::size_t generation = instance.keys.size(); generation-- > 0;) {
        const auto packed = open_with(instance.keys[generation].pair, *kem_ciphertext, *nonce, cursor.rest());
        if (!packed) continue;
        const auto plain = crypto::gunzip(base::as_bytes(*packed), plaintext_max);
        if (!plain) return {{}, "envelope_not_gzip", generation};
        return {*plain, {}, generation};
    }
    return {{}, "envelope_does_not_open", 0};
}

std::optional<Sealer> Sealer::make(const crypto::EncapsulationKey& key, Use use) {
    const auto encapsulation = key.encapsulate();
    if (!encapsulation) return std::nullopt;
    const auto aead_key =
        derive(encapsulation->shared_secret, encapsulation->ciphertext, use == Use::stream ? "e2e-stream-v1" : "e2e-resp-v1");
    if (!aead_key) return std::nullopt;
    return Sealer(encapsulation->ciphertext, *aead_key);
}

base::Bytes Sealer::chunk(std::string_view plaintext) {
    crypto::AeadNonce nonce;
    crypto::random_bytes(nonce);
    base::Bytes out(nonce.begin(), nonce.end());
    if (!aead_.seal(nonce, base::as_bytes(plaintext), out)) throw std::runtime_error("cannot seal");
    return out;
}

std::string Sealer::reply_blob(base::ByteView packed) {
    std::string out(base::as_text(ciphertext_));
    out += base::as_text(chunk(base::as_text(packed)));
    return out;
}

std::string Sealer::init_event() const {
    return "data: {\"e2e_init\":\"" + base::base64_encode(ciphertext_) + "\"}\n\n";
}

std::string chunk_event(base::ByteView sealed) {
    return "data: {\"e2e\":\"" + base::base64_encode(sealed) + "\"}\n\n";
}

const base::Bytes& gzip_bomb() {
    static const base::Bytes bomb = [] {
        constexpr std::size_t size = std::size_t{1} << 30;
        // Read-only zero pages cost no memory.
        void* zeros = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (zeros == MAP_FAILED) throw std::runtime_error("no address space for the bomb");
        libdeflate_compressor* compressor = libdeflate_alloc_compressor(1);
        base::Bytes out(std::size_t{32} << 20);
        out.resize(libdeflate_gzip_compress(compressor, zeros, size, out.data(), out.size()));
        libdeflate_free_compressor(compressor);
        ::munmap(zeros, size);
        if (out.empty()) throw std::runtime_error("the bomb does not fit");
        return out;
    }();
    return bomb;
}

}  // namespace sim
