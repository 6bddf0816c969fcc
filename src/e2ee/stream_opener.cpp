#include "e2ee/stream_opener.h"

#include "base/base64.h"
#include "base/limits.h"
#include "crypto/aead.h"
#include "e2ee/key_schedule.h"
#include "e2ee/nonce_set.h"
#include "json/json.h"
#include "sse/reader.h"

#include <optional>
#include <utility>

namespace e2ee {
namespace {

using base::ErrorKind;
using base::Result;

constexpr std::string_view done_mark = "[DONE]";

std::unexpected<base::Error> rejected(const char* why) {
    return base::fail(ErrorKind::reply_rejected, std::string("could not decrypt the stream: ") + why);
}

// Whoever wrote it may want it shown: only a little of it is, and only plain characters.
std::string excerpt(std::string_view text) {
    constexpr std::size_t length_max = 200;
    std::string out;
    for (const char c : text) {
        if (out.size() == length_max) break;
        if (c >= ' ' && c <= '~') out += c;
    }
    return out;
}

std::unexpected<base::Error> reported(json::Value report) {
    std::string detail = "the relay reported, in clear text that nobody authenticated, that the request failed";
    if (const auto text = report.as_string()) detail += ": " + excerpt(*text);
    return base::fail(ErrorKind::relay_reported, std::move(detail));
}

// A sealed event is one long string. Anything else of that length would only cost memory to parse: it must have commas, as
// nesting is bounded.
bool is_bloated(std::string_view data) {
    return data.size() > base::limits::stream_clear_event_max && data.find(',') != std::string_view::npos;
}

bool is_whole(std::string_view data) {
    return data == done_mark || json::parse(data).has_value();
}

}  // namespace

struct StreamOpener::State {
    explicit State(crypto::DecapsulationKey response_key) : key(std::move(response_key)) {}

    Result<void> take_events(std::string& plaintext);
    Result<void> take(std::string_view data, std::string& plaintext);
    Result<void> init(json::Value value);
    Result<void> chunk(json::Value value, std::string& plaintext);
    Result<void> keep(Result<void> result);

    sse::Reader reader;
    std::optional<crypto::DecapsulationKey> key;  // until the init used it
    std::optional<crypto::Aead> cipher;           // from the init on
    NonceSet nonces;
    std::optional<base::Error> failure;
};

StreamOpener::StreamOpener(crypto::DecapsulationKey key) : state_(std::make_unique<State>(std::move(key))) {}
StreamOpener::StreamOpener(StreamOpener&&) noexcept = default;
StreamOpener& StreamOpener::operator=(StreamOpener&&) noexcept = default;
StreamOpener::~StreamOpener() = default;

Result<void> StreamOpener::feed(std::string_view outer_bytes, std::string& plaintext) {
    if (state_->failure) return std::unexpected(*state_->failure);
    const auto fed = state_->reader.feed(outer_bytes);
    // Events before the one that was too large count first: how the bytes were split must not matter.
    auto taken = state_->take_events(plaintext);
    return state_->keep(taken ? fed : taken);
}

Result<void> StreamOpener::finish(std::string& plaintext) {
    if (state_->failure) return std::unexpected(*state_->failure);
    state_->reader.finish();
    if (const auto last = state_->reader.next()) {
        if (!is_whole(last->data)) {
            return state_->keep(base::fail(ErrorKind::upstream_broken, "the relay's stream ended in the middle of an event"));
        }
        if (auto taken = state_->take(last->data, plaintext); !taken) return state_->keep(std::move(taken));
    }
    if (!state_->cipher) {
        return state_->keep(base::fail(ErrorKind::upstream_broken, "the relay's stream ended before the instance's began"));
    }
    return {};
}

// Remembers a failure, and forgets the keys, which are of no use then.
Result<void> StreamOpener::State::keep(Result<void> result) {
    if (!result) {
        failure = result.error();
        key.reset();
        cipher.reset();
    }
    return result;
}

Result<void> StreamOpener::State::take_events(std::string& plaintext) {
    while (const auto event = reader.next()) {
        if (auto taken = take(event->data, plaintext); !taken) return taken;
    }
    return {};
}

// An event with a member more than the one that makes its kind is none of the known ones, but for a report of failure: there
// nothing is believed anyway.
Result<void> StreamOpener::State::take(std::string_view data, std::string& plaintext) {
    if (data == done_mark) return {};
    if (is_bloated(data)) return rejected("an event of the relay is of no known kind");
    const auto parsed = json::parse(data);
    if (!parsed) return rejected("an event of the relay is not JSON");
    const json::Value event = parsed->root();
    const json::Value sealed_chunk = event["e2e"];
    const json::Value sealed_init = event["e2e_init"];
    if (event.size() == 1 && sealed_chunk.present()) return chunk(sealed_chunk, plaintext);
    if (event.size() == 1 && sealed_init.present()) return init(sealed_init);
    if (event.size() == 1 && event["usage"].present()) return {};
    if (const auto report = event["e2e_error"]; report.present() && !sealed_chunk.present() && !sealed_init.present()) {
        return reported(report);
    }
    return rejected("an event of the relay is of no known kind");
}

Result<void> StreamOpener::State::init(json::Value value) {
    if (cipher) return rejected("it was begun a second time");
    const auto text = value.as_string();
    const auto kem_ciphertext = text ? base::base64_decode(*text) : std::nullopt;
    if (!kem_ciphertext) return rejected("its beginning is not base64");
    auto made = cipher_from(*key, *kem_ciphertext, Purpose::stream);
    if (!made) return std::unexpected(made.error());
    cipher.emplace(std::move(*made));
    key.reset();
    return {};
}

Result<void> StreamOpener::State::chunk(json::Value value, std::string& plaintext) {
    if (!cipher) return rejected("a piece of it came before its beginning");
    const auto text = value.as_string();
    const auto bytes = text ? base::base64_decode(*text) : std::nullopt;
    if (!bytes) return rejected("a piece of it is not base64");
    base::Cursor cursor(*bytes);
    const auto nonce = take_nonce(cursor);
    if (!nonce) return rejected("a piece of it is too short");
    if (nonces.size() == base::limits::stream_chunks_max) {
        return base::fail(ErrorKind::upstream_broken, "the stream has more pieces than the limit");
    }
    if (!nonces.insert(*nonce)) return rejected("a piece of it came twice");
    return cipher->open(*nonce, cursor.rest(), plaintext);
}

}  // namespace e2ee
