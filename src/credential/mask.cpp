// Build tool: writes the generated half of libe2ee_proxy.so (see masked.h) for a given certificate, or for one of its own.
//
//     mask OUT.cpp CA.pem [--control] [--cert FILE --key FILE [--chain FILE]]
//
// Without --cert it makes a private CA and a leaf, whose keys never leave this process unmasked. OUT.cpp is left alone while
// what it holds is still right, so that builds are incremental. CA.pem gets the certificate that clients must trust, if the
// credential brings its own CA. --control writes an own credential without any mask: what the scanner's test must find.
#include "base/secret.h"
#include "credential/issue.h"
#include "credential/pem.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace credential;
using std::chrono::system_clock;

constexpr int format_version = 1;  // of OUT.cpp: a higher number makes every build write it again
constexpr std::chrono::days renewal_margin{30};
const std::vector<std::string> own_names{"e2ee-local-proxy.chutes.dev", "localhost", "127.0.0.1", "::1"};

struct Options {
    std::filesystem::path out;
    std::filesystem::path ca;
    bool control = false;
    std::string cert_file{};
    std::string key_file{};
    std::string chain_file{};
};

struct Credential {
    std::vector<X509Ptr> certificates;  // leaf first
    EvpPkeyPtr key;
};

// Bytes of a key: wiped when they go, and never moved by growing.
struct KeyBytes {
    std::vector<std::uint8_t> bytes;

    explicit KeyBytes(std::size_t capacity) { bytes.reserve(capacity); }
    KeyBytes(const KeyBytes&) = delete;
    KeyBytes& operator=(const KeyBytes&) = delete;
    ~KeyBytes() { base::wipe(bytes); }
};

void must(bool done, const char* what) {
    if (!done) throw std::runtime_error(what);
}

template <class T>
T value_of(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().detail);
    return std::move(*result);
}

std::int64_t seconds(system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::int64_t not_after(X509* certificate) {
    std::tm time{};
    must(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1, "the certificate's end of validity cannot be read");
    return ::timegm(&time);
}

Credential own_credential() {
    Issued issued = value_of(issue({.names = own_names, .now = system_clock::now()}));
    Credential made{.certificates = {}, .key = std::move(issued.key)};
    made.certificates.push_back(std::move(issued.leaf));
    made.certificates.push_back(std::move(issued.ca));
    return made;
}

void append_certificates(const NamedFile& file, std::vector<X509Ptr>& to) {
    const X509StackPtr stack = value_of(read_certificates(file));
    while (sk_X509_num(stack.get()) > 0) to.emplace_back(sk_X509_shift(stack.get()));
}

Credential given_credential(const Options& options) {
    Credential given{.certificates = {}, .key = value_of(read_key({"EMBED_KEY", options.key_file}))};
    append_certificates({"EMBED_CERT", options.cert_file}, given.certificates);
    if (!options.chain_file.empty()) append_certificates({"EMBED_CHAIN", options.chain_file}, given.certificates);
    X509* leaf = given.certificates.front().get();
    must(X509_check_private_key(leaf, given.key.get()) == 1,
         "EMBED_KEY does not belong to the first certificate of EMBED_CERT");
    if (not_after(leaf) < seconds(system_clock::now())) std::fputs("mask: warning: EMBED_CERT has expired\n", stderr);
    return given;
}

std::string fingerprint(const Credential& credential) {
    std::ostringstream text;
    for (const X509Ptr& certificate : credential.certificates) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned int size = 0;
        must(X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) == 1, "a certificate cannot be hashed");
        for (const unsigned char byte : std::span(digest).first(size)) text << std::hex << (byte >> 4U) << (byte & 15U);
    }
    return text.str();
}

// The first line of OUT.cpp: what is in it and until when it is good.
struct Stamp {
    std::string content;
    std::int64_t until = 0;

    [[nodiscard]] std::string line() const {
        return "// format " + std::to_string(format_version) + " of " + content + " until " + std::to_string(until);
    }
};

bool up_to_date(const Options& options, const std::string& content) {
    std::ifstream file(options.out);
    std::string line;
    if (!std::getline(file, line)) return false;
    const Stamp stamp{content, std::atoll(line.c_str() + line.rfind(' ') + 1)};
    if (line != stamp.line()) return false;
    const bool given = !options.cert_file.empty();
    return given || (stamp.until > seconds(system_clock::now() + renewal_margin) && std::filesystem::exists(options.ca));
}

void append_key(const Credential& credential, KeyBytes& to) {
    PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(credential.key.get());
    must(info != nullptr, "the key cannot be written as PKCS#8");
    unsigned char* der = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    must(size > 0, "the key cannot be written as DER");
    to.bytes.insert(to.bytes.end(), der, der + size);
    OPENSSL_clear_free(der, static_cast<std::size_t>(size));
}

void append_chain(const Credential& credential, KeyBytes& to) {
    for (const X509Ptr& certificate : credential.certificates) {
        unsigned char* der = nullptr;
        const int size = i2d_X509(certificate.get(), &der);
        must(size > 0, "a certificate cannot be written as DER");
        to.bytes.insert(to.bytes.end(), der, der + size);
        OPENSSL_free(der);
    }
}

std::uint64_t random_word() {
    std::uint64_t word = 0;
    must(RAND_bytes(reinterpret_cast<unsigned char*>(&word), sizeof word) == 1, "no random bytes");
    return word;
}

// The random constants of one build: how reveal.cpp's third share and the permutation are computed.
struct Mask {
    std::size_t size;
    std::size_t stride = 1;
    std::size_t offset = 0;
    std::array<std::uint64_t, 4> factors{};

    explicit Mask(std::size_t payload_size) : size(payload_size) {
        do stride = random_word() % size;
        while (std::gcd(stride, size) != 1);
        offset = random_word() % size;
        for (std::uint64_t& factor : factors) factor = random_word() | 1U;
    }

    [[nodiscard]] std::size_t position(std::size_t index) const { return (index * stride + offset) % size; }
    [[nodiscard]] std::uint8_t share_in_code(std::size_t index) const {
        std::uint64_t word = (index + factors[0]) * factors[1];
        word = (word ^ word >> 29U) * factors[2];
        word = (word ^ word >> 31U) * factors[3];
        return static_cast<std::uint8_t>(word >> 56U);
    }
    // The same two as C++.
    void write(std::ostream& out) const {
        out << "std::size_t position(std::size_t index) { return (index * " << stride << "U + " << offset << "U) % " << size
            << "U; }\n"
            << "std::uint8_t share_in_code(std::size_t index) {\n"
            << "    std::uint64_t word = (index + " << factors[0] << "ULL) * " << factors[1] << "ULL;\n"
            << "    word = (word ^ word >> 29U) * " << factors[2] << "ULL;\n"
            << "    word = (word ^ word >> 31U) * " << factors[3] << "ULL;\n"
            << "    return static_cast<std::uint8_t>(word >> 56U);\n}\n";
    }
};

void write_array(std::ostream& out, const char* name, std::span<const std::uint8_t> bytes) {
    out << "const volatile std::uint8_t " << name << "[] = {";
    for (std::size_t i = 0; i < bytes.size(); ++i) out << (i % 32 == 0 ? "\n    " : " ") << unsigned{bytes[i]} << ',';
    out << "\n};\n";
}

void write_masked(std::ostream& out, std::span<const std::uint8_t> payload) {
    const Mask mask(payload.size());
    std::vector<std::uint8_t> share_two(payload.size());
    must(RAND_bytes(share_two.data(), static_cast<int>(share_two.size())) == 1, "no random bytes");
    std::vector<std::uint8_t> share_one(payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
        share_one[i] = static_cast<std::uint8_t>(payload[i] ^ share_two[mask.position(i)] ^ mask.share_in_code(i));
    }
    write_array(out, "share_one", share_one);
    write_array(out, "share_two", share_two);
    mask.write(out);
}

void write_unmasked(std::ostream& out, std::span<const std::uint8_t> payload) {
    write_array(out, "share_one", payload);
    out << "const volatile std::uint8_t share_two[] = {0};\n"
        << "std::size_t position(std::size_t /*index*/) { return 0; }\n"
        << "std::uint8_t share_in_code(std::size_t /*index*/) { return 0; }\n";
}

// Nobody sees half a file.
void replace_file(const std::filesystem::path& path, const std::string& content) {
    const std::filesystem::path fresh = path.string() + ".new";
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    must(file.good(), "the output cannot be written");
    std::filesystem::rename(fresh, path);
}

void write_source(const Options& options, const Credential& credential, const Stamp& stamp) {
    constexpr std::size_t payload_max = 256 * std::size_t{1024};
    KeyBytes payload(payload_max);
    append_key(credential, payload);
    const std::size_t key_size = payload.bytes.size();
    append_chain(credential, payload);
    must(payload.bytes.size() <= payload_max, "the certificate chain is too large");

    std::ostringstream out;
    out << stamp.line() << "\n// Written by mask.cpp in every build directory anew. Do not keep it anywhere.\n"
        << "#include \"credential/masked.h\"\n\nnamespace credential::masked {\n"
        << "const std::size_t key_size = " << key_size
        << ";\nconst std::size_t chain_size = " << payload.bytes.size() - key_size << ";\n";
    if (options.control) {
        write_unmasked(out, payload.bytes);
    } else {
        write_masked(out, payload.bytes);
    }
    out << "}  // namespace credential::masked\n";
    replace_file(options.out, out.str());
}

void write_ca(const Options& options, const Credential& credential) {
    X509* last = credential.certificates.back().get();
    if (X509_self_signed(last, 1) == 1) {
        replace_file(options.ca, to_pem(last));
    } else {
        std::filesystem::remove(options.ca);
    }
}

void run(const Options& options) {
    std::optional<Credential> credential;
    std::string content = options.control ? "control" : "own";
    if (!options.cert_file.empty()) {
        credential = given_credential(options);
        content = fingerprint(*credential);
    }
    if (up_to_date(options, content)) return;
    if (!credential) credential = own_credential();
    write_ca(options, *credential);
    write_source(options, *credential, {content, not_after(credential->certificates.front().get())});
}

Options parse(std::span<char*> arguments) {
    must(arguments.size() >= 2, "usage: mask OUT.cpp CA.pem [--control] [--cert FILE --key FILE [--chain FILE]]");
    Options options{.out = arguments[0], .ca = arguments[1]};
    for (std::size_t i = 2; i < arguments.size(); ++i) {
        const std::string_view name = arguments[i];
        if (name == "--control") {
            options.control = true;
            continue;
        }
        std::string* value = name == "--cert"    ? &options.cert_file
                             : name == "--key"   ? &options.key_file
                             : name == "--chain" ? &options.chain_file
                                                 : nullptr;
        must(value != nullptr && i + 1 < arguments.size(), "an option is unknown or lacks its value");
        *value = arguments[++i];
    }
    must(options.cert_file.empty() == options.key_file.empty(), "EMBED_CERT and EMBED_KEY come together or not at all");
    must(options.chain_file.empty() || !options.cert_file.empty(), "EMBED_CHAIN needs EMBED_CERT and EMBED_KEY");
    must(!options.control || options.cert_file.empty(), "a control never holds a certificate that somebody uses");
    return options;
}

}  // namespace

int main(int count, char** arguments) {
    try {
        run(parse(std::span(arguments, static_cast<std::size_t>(count)).subspan(1)));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "mask: %s\n", error.what());
        return 1;
    }
}
