// Sealed replies and streams under a real key: what the instance sealed comes out, nothing else does, and the first thing that
// somebody changed ends it.
//   byte: what to try · byte: how to split · what the instance and the relay do, step by step; or just bytes
#include "e2ee/exchange.h"
#include "support.h"
#include "support/instance_side.h"
#include "support/raw_kem.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace {

using base::ErrorKind;
using fuzz::require;
using support::must;

// One key pair and one encapsulation to it, so that an input always does the same.
crypto::DecapsulationKey response_key() {
    std::array<std::uint8_t, crypto::kem_seed_size> seed{};
    seed.fill(7);
    return must(crypto::DecapsulationKey::from_seed(base::Secret<crypto::kem_seed_size>(seed)));
}

struct Encapsulated {
    base::Bytes ciphertext;
    base::Bytes secret;

    [[nodiscard]] crypto::Aead cipher(std::string_view info) const {
        const crypto::SharedSecret shared(
            std::span<const std::uint8_t, crypto::kem_shared_secret_size>(secret.data(), secret.size()));
        return crypto::Aead(support::derive(shared, ciphertext, info));
    }
};

const Encapsulated& encapsulated() {
    static const Encapsulated made = [] {
        auto raw = support::encapsulate_with(response_key().public_key(), base::Bytes(32, 9));
        require(raw.has_value(), "a key of ours takes an encapsulation");
        return Encapsulated{std::move(raw->ciphertext), std::move(raw->shared_secret)};
    }();
    return made;
}

// A relay's stream in the making, and what its opener should say to it.
class Program {
public:
    explicit Program(fuzz::Input& input) {
        for (int steps = 0; steps < 64 && !input.empty(); ++steps) step(input);
        if (!failure_ && !begun_) failure_ = ErrorKind::upstream_broken;
    }

    [[nodiscard]] const std::string& stream() const { return stream_; }
    [[nodiscard]] const std::string& plaintext() const { return plaintext_; }
    [[nodiscard]] std::size_t sealed_size() const { return sealed_size_; }
    [[nodiscard]] std::optional<ErrorKind> failure() const { return failure_; }
    // False once the relay wrote bytes of the fuzzer's: from there on nobody foretells what happens.
    [[nodiscard]] bool foretold() const { return foretold_; }

private:
    void step(fuzz::Input& input) {
        switch (input.byte() % 13) {
            case 0:
                stream_ += support::StreamSealer::event("e2e_init", encapsulated().ciphertext);
                return begun_ ? fail(ErrorKind::reply_rejected) : begin();
            case 1:
            case 2:
                return chunk(input.text(input.byte()), 1000 + chunks_);
            case 3: {
                const std::size_t number = 1000 + input.byte() % 8U;
                return chunk(input.text(input.byte()), number);
            }
            case 4: {
                base::Bytes sealed = seal(input.text(input.byte()), 2000 + chunks_, cipher_);
                const std::size_t bit = input.number(sealed.size() * 8);
                sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
                return rejected(sealed);
            }
            case 5: {
                base::Bytes sealed = seal(input.text(input.byte()), 2000 + chunks_, cipher_);
                sealed.resize(input.number(sealed.size()));
                return rejected(sealed);
            }
            case 6:
                return misspelt(input);
            case 7:
                stream_ += "data: {\"usage\":{\"total_tokens\":3}}\n\n";
                return;
            case 8:
                stream_ += "data: [DONE]\n\n";
                return;
            case 9:
                stream_ += input.byte() % 2 == 0 ? ": comment\n\n" : "\r\n";
                return;
            case 10:
                stream_ += "data: {\"e2e_error\":\"x\"}\n\n";
                return fail(ErrorKind::relay_reported);
            case 11: {
                crypto::Aead other = encapsulated().cipher(support::reply_info);
                return rejected(seal(input.text(input.byte()), 2000 + chunks_, other));
            }
            default: {
                const std::string_view bytes = input.text(input.byte());
                stream_ += bytes;
                foretold_ = foretold_ && (bytes.empty() || failure_);
                return;
            }
        }
    }

    base::Bytes seal(std::string_view text, std::size_t number, crypto::Aead& cipher) {
        crypto::AeadNonce nonce{};
        nonce[0] = static_cast<std::uint8_t>(number >> 8);
        nonce[11] = static_cast<std::uint8_t>(number);
        ++chunks_;
        return support::seal_with(cipher, nonce, base::as_bytes(text));
    }

    void begin() { begun_ = begun_ || !failure_; }
    void fail(ErrorKind kind) { failure_ = failure_.value_or(kind); }
    void rejected(base::ByteView sealed) {
        stream_ += support::StreamSealer::event("e2e", sealed);
        fail(ErrorKind::reply_rejected);
    }
    void chunk(std::string_view text, std::size_t number) {
        stream_ += support::StreamSealer::event("e2e", seal(text, number, cipher_));
        sealed_size_ += text.size();
        if (!begun_ || !used_.insert(number).second) return fail(ErrorKind::reply_rejected);
        if (!failure_ && foretold_) plaintext_ += text;
    }
    // One character of the base64 is another one.
    void misspelt(fuzz::Input& input) {
        std::string event = support::StreamSealer::event("e2e", seal(input.text(input.byte()), 2000 + chunks_, cipher_));
        const std::size_t begin = event.find(":\"") + 2;
        char& changed = event[begin + input.number(event.rfind('"') - begin)];
        const char other = static_cast<char>(input.byte());
        changed = changed == other ? '!' : other;
        stream_ += event;
        fail(ErrorKind::reply_rejected);
    }

    crypto::Aead cipher_ = encapsulated().cipher(support::stream_info);
    std::string stream_;
    std::string plaintext_;
    std::set<std::size_t> used_;
    std::size_t chunks_ = 0;
    std::size_t sealed_size_ = 0;
    bool begun_ = false;
    bool foretold_ = true;
    std::optional<ErrorKind> failure_;
};

struct Opened {
    std::string plaintext;
    std::optional<base::Error> failure;
    friend bool operator==(const Opened&, const Opened&) = default;
};

Opened open(const std::vector<std::string_view>& pieces) {
    auto opener = e2ee::ReplyKeys(response_key()).open_stream();
    Opened opened;
    for (const std::string_view piece : pieces) {
        const std::size_t before = opened.plaintext.size();
        const auto fed = opener.feed(piece, opened.plaintext);
        require(!opened.failure || (!fed && fed.error() == *opened.failure && opened.plaintext.size() == before),
                "an error is final, and nothing comes out after it");
        if (!fed) opened.failure = fed.error();
    }
    const auto finished = opener.finish(opened.plaintext);
    require(!opened.failure || (!finished && finished.error() == *opened.failure), "an error is final");
    if (!finished) opened.failure = finished.error();
    return opened;
}

void check_stream(fuzz::Input& input, std::uint8_t split) {
    const Program program(input);
    const Opened whole = open({program.stream()});
    require(whole == open(fuzz::pieces(program.stream(), split)), "what is opened does not depend on how it is split");
    require(whole.plaintext.starts_with(program.plaintext()), "what the instance sealed comes out");
    require(whole.plaintext.size() <= program.sealed_size(), "nothing else comes out");
    if (!program.foretold()) return;
    require(whole.plaintext == program.plaintext(), "what the instance sealed comes out");
    require(whole.failure.has_value() == program.failure().has_value(), "what somebody changed ends it, and nothing else does");
    require(!whole.failure || whole.failure->kind == *program.failure(), "the error says what it was");
}

void check_reply(fuzz::Input& input) {
    const std::uint8_t how = input.byte();
    const std::uint8_t changes = input.byte() % 4;
    std::array<std::uint16_t, 3> where{};
    for (std::uint16_t& at : where) at = static_cast<std::uint16_t>(input.number(65536));
    const base::ByteView text = base::as_bytes(input.rest());
    const base::Bytes packed = (how & 1U) != 0 ? base::Bytes(text.begin(), text.end()) : crypto::gzip(text);
    crypto::Aead cipher = encapsulated().cipher((how & 2U) != 0 ? support::stream_info : support::reply_info);

    base::Bytes blob = encapsulated().ciphertext;
    support::append(blob, support::seal_with(cipher, {1}, packed));
    const base::Bytes sealed = blob;
    for (std::size_t change = 0; change < changes; ++change) {
        const std::size_t at = where[change] % (blob.size() + 1);
        if (at == blob.size()) {
            blob.push_back(0);
        } else if ((how & 4U) != 0) {
            blob.resize(std::max<std::size_t>(at, 1));
        } else {
            blob[at] ^= static_cast<std::uint8_t>(1U << where[change] / 8192);
        }
    }
    const auto opened = e2ee::ReplyKeys(response_key()).open_reply(blob);
    if (!opened) require(opened.error().kind == ErrorKind::reply_rejected, "the error says what it was");
    if (blob != sealed || (how & 2U) != 0) return require(!opened, "a reply that somebody changed is refused");
    const auto expected = crypto::gunzip(packed, base::limits::reply_max);
    require(opened.has_value() == expected.has_value() && (!opened || *opened == *expected), "what was sealed comes out");
    require((how & 1U) != 0 || opened == std::string(base::as_text(text)), "what was packed comes out");
}

void check_bytes(std::string_view bytes, std::uint8_t split) {
    require(!e2ee::ReplyKeys(response_key()).open_reply(base::as_bytes(bytes)), "nobody forges a reply");
    const Opened whole = open({bytes});
    require(whole.failure.has_value() || bytes.contains("e2e_init"), "a stream needs a beginning");
    require(whole.plaintext.empty(), "nobody forges a stream");
    require(whole == open(fuzz::pieces(bytes, split)), "what is opened does not depend on how it is split");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::uint8_t choice = input.byte() % 4;
    const std::uint8_t split = input.byte();
    if (choice < 2) {
        check_stream(input, split);
    } else if (choice == 2) {
        check_reply(input);
    } else {
        check_bytes(input.rest(), split);
    }
    return 0;
}
