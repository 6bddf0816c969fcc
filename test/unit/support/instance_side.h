// The instance's half of the protocol (docs/protocol.md §1-2), for tests: opens requests, seals replies and streams. Throws
// where a real instance would answer an error.
#pragma once

#include "base/base64.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/aead.h"
#include "crypto/gzip.h"
#include "crypto/kdf.h"
#include "crypto/kem.h"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace support {

template <class T>
T must(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().detail);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Named after the `info` of each derivation.
inline constexpr std::string_view request_info = "e2e-req-v1";
inline constexpr std::string_view reply_info = "e2e-resp-v1";
inline constexpr std::string_view stream_info = "e2e-stream-v1";

inline crypto::AeadKey derive(const crypto::SharedSecret& secret, base::ByteView kem_ciphertext, std::string_view info) {
    crypto::AeadKey key;
    must(crypto::hkdf_sha256({secret.reveal(), kem_ciphertext.first(16), base::as_bytes(info)}, key.fill()));
    return key;
}

inline void append(base::Bytes& out, base::ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

// nonce || ciphertext || tag
inline base::Bytes seal_with(crypto::Aead& aead, const crypto::AeadNonce& nonce, base::ByteView plaintext) {
    base::Bytes sealed;
    append(sealed, nonce);
    must(aead.seal(nonce, plaintext, sealed));
    return sealed;
}

// A request as the instance sees it: the JSON text with "e2e_response_pk", and the key that member held.
struct OpenedRequest {
    std::string json;
    base::Bytes response_key;

    [[nodiscard]] crypto::EncapsulationKey reply_to() const { return must(crypto::EncapsulationKey::parse(response_key)); }
};

class Instance {
public:
    Instance() : key_(must(crypto::DecapsulationKey::generate())) {}

    [[nodiscard]] std::string public_key_base64() const { return base::base64_encode(key_.public_key()); }
    [[nodiscard]] crypto::EncapsulationKey public_key() const {
        return must(crypto::EncapsulationKey::parse(key_.public_key()));
    }

    [[nodiscard]] OpenedRequest open_request(base::ByteView envelope) const {
        base::Cursor cursor(envelope);
        const auto kem_ciphertext = cursor.take(crypto::kem_ciphertext_size);
        const auto nonce_bytes = cursor.take(crypto::aead_nonce_size);
        if (!kem_ciphertext || !nonce_bytes) throw std::runtime_error("the envelope is too short");
        crypto::AeadNonce nonce{};
        std::copy(nonce_bytes->begin(), nonce_bytes->end(), nonce.begin());
        crypto::Aead aead(derive(must(key_.decapsulate(*kem_ciphertext)), *kem_ciphertext, request_info));
        std::string packed;
        must(aead.open(nonce, cursor.rest(), packed));
        OpenedRequest opened{must(crypto::gunzip(base::as_bytes(packed), base::limits::reply_max)), {}};
        opened.response_key = response_key_of(opened.json);
        return opened;
    }

private:
    static base::Bytes response_key_of(std::string_view json) {
        constexpr std::string_view before = R"("e2e_response_pk":")";
        const std::size_t found = json.rfind(before);
        if (found == std::string_view::npos) throw std::runtime_error("the request names no response key");
        const std::string_view rest = json.substr(found + before.size());
        const auto key = base::base64_decode(rest.substr(0, rest.find('"')));
        if (!key) throw std::runtime_error("the response key is not base64");
        return *key;
    }

    crypto::DecapsulationKey key_;
};

// A reply that is not a stream. `packed` is what is sealed: gzip of the text, unless a test wants it wrong.
inline base::Bytes seal_packed_reply(const crypto::EncapsulationKey& to, base::ByteView packed,
                                     std::string_view info = reply_info) {
    const crypto::Encapsulation made = must(to.encapsulate());
    crypto::Aead aead(derive(made.shared_secret, made.ciphertext, info));
    base::Bytes blob;
    append(blob, made.ciphertext);
    append(blob, seal_with(aead, crypto::random_nonce(), packed));
    return blob;
}

inline base::Bytes seal_reply(const crypto::EncapsulationKey& to, std::string_view text) {
    return seal_packed_reply(to, crypto::gzip(base::as_bytes(text)));
}

// A streamed reply, as the relay passes it on: server-sent events with their blank lines.
class StreamSealer {
public:
    explicit StreamSealer(const crypto::EncapsulationKey& to) : StreamSealer(must(to.encapsulate())) {}

    [[nodiscard]] std::string init() const { return event("e2e_init", kem_ciphertext_); }
    [[nodiscard]] std::string chunk(std::string_view plaintext) { return chunk(plaintext, crypto::random_nonce()); }
    [[nodiscard]] std::string chunk(std::string_view plaintext, const crypto::AeadNonce& nonce) {
        return event("e2e", sealed(plaintext, nonce));
    }
    [[nodiscard]] base::Bytes sealed(std::string_view plaintext, const crypto::AeadNonce& nonce) {
        return seal_with(aead_, nonce, base::as_bytes(plaintext));
    }

    [[nodiscard]] static std::string event(std::string_view member, base::ByteView bytes) {
        return "data: {\"" + std::string(member) + "\":\"" + base::base64_encode(bytes) + "\"}\n\n";
    }

private:
    explicit StreamSealer(const crypto::Encapsulation& made)
        : kem_ciphertext_(made.ciphertext), aead_(derive(made.shared_secret, made.ciphertext, stream_info)) {}

    crypto::KemCiphertext kem_ciphertext_;
    crypto::Aead aead_;
};

}  // namespace support
