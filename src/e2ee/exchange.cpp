#include "e2ee/exchange.h"

#include "base/base64.h"
#include "base/limits.h"
#include "crypto/gzip.h"
#include "e2ee/key_schedule.h"
#include "json/json.h"

#include <utility>

namespace e2ee {
namespace {

constexpr std::string_view response_key_member = "e2e_response_pk";

std::string with_response_key(std::string_view json_object, const crypto::DecapsulationKey& key) {
    return json::append_member(json_object, response_key_member, '"' + base::base64_encode(key.public_key()) + '"');
}

}  // namespace

base::Result<SealedRequest> seal_request(const crypto::EncapsulationKey& instance_key, std::string_view json_object) {
    auto response_key = crypto::DecapsulationKey::generate();
    if (!response_key) return std::unexpected(response_key.error());
    const auto made = instance_key.encapsulate();
    if (!made) return std::unexpected(made.error());
    auto cipher = cipher_for(*made, Purpose::request);
    if (!cipher) return std::unexpected(cipher.error());

    const base::Bytes packed = crypto::gzip(base::as_bytes(with_response_key(json_object, *response_key)));
    const crypto::AeadNonce nonce = crypto::random_nonce();
    base::Bytes envelope;
    envelope.reserve(made->ciphertext.size() + nonce.size() + packed.size() + crypto::aead_tag_size);
    envelope.insert(envelope.end(), made->ciphertext.begin(), made->ciphertext.end());
    envelope.insert(envelope.end(), nonce.begin(), nonce.end());
    if (const auto sealed = cipher->seal(nonce, packed, envelope); !sealed) return std::unexpected(sealed.error());
    return SealedRequest{std::move(envelope), ReplyKeys(std::move(*response_key))};
}

base::Result<std::string> ReplyKeys::open_reply(base::ByteView blob) && {
    const crypto::DecapsulationKey key = std::move(key_);
    base::Cursor cursor(blob);
    const auto kem_ciphertext = cursor.take(crypto::kem_ciphertext_size);
    const auto nonce = take_nonce(cursor);
    if (!kem_ciphertext || !nonce) {
        return base::fail(base::ErrorKind::reply_rejected, "could not decrypt the reply: it is too short to be a sealed one");
    }
    auto cipher = cipher_from(key, *kem_ciphertext, Purpose::reply);
    if (!cipher) return std::unexpected(cipher.error());
    std::string packed;
    if (const auto opened = cipher->open(*nonce, cursor.rest(), packed); !opened) return std::unexpected(opened.error());
    return crypto::gunzip(base::as_bytes(packed), base::limits::reply_max);
}

StreamOpener ReplyKeys::open_stream() && {
    return StreamOpener(std::move(key_));
}

}  // namespace e2ee
