// One end-to-end encrypted exchange (docs/protocol.md): seal a request to an instance, open its reply. Pure: bytes in, bytes
// out. Single use is enforced by types: `std::move(keys).open_reply(...)`.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/kem.h"
#include "e2ee/stream_opener.h"

#include <string>
#include <string_view>

namespace e2ee {

// The secret half of one exchange: the response key pair that only this request knows. It is gone after one use.
class ReplyKeys {
public:
    explicit ReplyKeys(crypto::DecapsulationKey key) : key_(std::move(key)) {}

    // The plaintext of a reply that is not a stream: opens the blob mlkem_ct(1088) || nonce(12) || ciphertext || tag(16), then
    // inflates it (at most limits::reply_max). `reply_rejected` for anything else than an authentic reply to this very request.
    [[nodiscard]] base::Result<std::string> open_reply(base::ByteView blob) &&;

    [[nodiscard]] StreamOpener open_stream() &&;

private:
    crypto::DecapsulationKey key_;
};

struct SealedRequest {
    base::Bytes envelope;  // mlkem_ct(1088) || nonce(12) || ciphertext || tag(16)
    ReplyKeys reply;
};

// `json_object` is the text of a JSON object that was parsed and holds no member "e2e_response_pk". The member is spliced in
// at its end; every other byte reaches the instance as it is. Fresh keys each call: a retry seals again.
[[nodiscard]] base::Result<SealedRequest> seal_request(const crypto::EncapsulationKey& instance_key,
                                                       std::string_view json_object);

}  // namespace e2ee
