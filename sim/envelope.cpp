#include "sim/envelope.h"

#include "base/base64.h"
#include "crypto/gzip.h"
#include "crypto/kdf.h"

#include <libdeflate.h>

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

// Writes bits as DEFLATE packs them (RFC 1951 §3.1.1): the first is the lowest of its byte.
class BitWriter {
public:
    explicit BitWriter(base::Bytes& out) : out_(out) {}

    void put(std::uint32_t bits, unsigned count) {
        pending_ |= std::uint64_t{bits} << pending_count_;
        for (pending_count_ += count; pending_count_ >= 8; pending_count_ -= 8) {
            out_.push_back(static_cast<std::uint8_t>(pending_));
            pending_ >>= 8;
        }
    }
    void put_number(std::uint32_t number) {
        put(number & 0xFFFF, 16);
        put(number >> 16, 16);
    }

private:
    base::Bytes& out_;
    std::uint64_t pending_ = 0;
    unsigned pending_count_ = 0;
};

// Written by hand, because compressing a GiB takes long: one block of fixed Huffman codes (RFC 1951 §3.2.6) that says "a zero,
// and again the 258 bytes before" in 13 bits a time.
base::Bytes make_bomb() {
    constexpr std::uint32_t repeats = (1U << 30) / 258 + 1;
    constexpr std::uint32_t size = 1 + repeats * 258;
    base::Bytes out = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};  // RFC 1952 §2.3
    BitWriter writer(out);
    writer.put(0b011, 3);       // the last block, fixed codes
    writer.put(0b00001100, 8);  // literal 0: 00110000, codes start with their highest bit
    for (std::uint32_t i = 0; i < repeats; ++i) {
        writer.put(0b10100011, 8);  // length 258: 11000101
        writer.put(0, 5);           // distance 1
    }
    writer.put(0, 7);  // end of block
    writer.put(0, 7);  // fills the last byte

    const base::Bytes zeros(std::size_t{1} << 20);
    std::uint32_t checksum = 0;
    for (std::size_t left = size; left > 0; left -= std::min(left, zeros.size())) {
        checksum = libdeflate_crc32(checksum, zeros.data(), std::min(left, zeros.size()));
    }
    BitWriter trailer(out);
    trailer.put_number(checksum);
    trailer.put_number(size);
    return out;
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
    static const base::Bytes bomb = make_bomb();
    return bomb;
}

}  // namespace sim
