// The instance's end of the encryption (protocol page §1, §2), written from that page alone: it shares the primitives with the
// proxy, not its e2ee/.
#pragma once

#include "crypto/aead.h"
#include "crypto/kem.h"
#include "sim/world.h"

#include <optional>
#include <string>
#include <string_view>

namespace sim {

// What came out of an envelope, or why nothing did (a violation's name).
struct OpenedEnvelope {
    std::string plaintext;
    std::string trouble;             // empty when it opened
    std::size_t key_generation = 0;  // which of the instance's keys opened it
};
[[nodiscard]] OpenedEnvelope open_envelope(const Instance& instance, std::string_view envelope);

// Seals towards the key that came with a request. One for each reply.
class Sealer {
public:
    enum class Use { reply, stream };
    [[nodiscard]] static std::optional<Sealer> make(const crypto::EncapsulationKey& key, Use use);

    // The whole body of a reply that is not a stream; `packed` is the gzip.
    [[nodiscard]] std::string reply_blob(base::ByteView packed);

    // "data: {"e2e_init":...}\n\n"
    [[nodiscard]] std::string init_event() const;
    // nonce || ciphertext || tag
    [[nodiscard]] base::Bytes chunk(std::string_view plaintext);

private:
    Sealer(const crypto::KemCiphertext& ciphertext, const crypto::AeadKey& key) : ciphertext_(ciphertext), aead_(key) {}

    crypto::KemCiphertext ciphertext_;
    crypto::Aead aead_;
};

// "data: {"e2e":"<base64>"}\n\n"
[[nodiscard]] std::string chunk_event(base::ByteView sealed);

// A gzip of a little more than 1 GiB of zeros, made once.
[[nodiscard]] const base::Bytes& gzip_bomb();

}  // namespace sim
