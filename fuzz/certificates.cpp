// PEM files that an operator points us to: read, or refused in words that name the file.
//   byte: which key · a file in steps: certificates and keys, good ones and damaged ones, and any text between
#include "base/base64.h"
#include "credential/issue.h"
#include "credential/pem.h"
#include "net/identity.h"
#include "support.h"

#include <openssl/x509.h>

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

namespace {

using fuzz::require;
using net::WallTime;

constexpr WallTime now{std::chrono::days(20'000)};

// Without a trace on a disk.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view text) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        require(::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "memory takes a file");
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(descriptor_); }

    [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

std::string pem_block(std::string_view label, base::ByteView der) {
    const std::string name(label);
    std::string text = "-----BEGIN " + name + "-----\n";
    const std::string encoded = base::base64_encode(der);
    for (std::size_t at = 0; at < encoded.size(); at += 64) text += encoded.substr(at, 64) + "\n";
    return text + "-----END " + name + "-----\n";
}

base::Bytes der_of(int (*write)(const void*, unsigned char**), const void* object) {
    base::Bytes der(static_cast<std::size_t>(write(object, nullptr)));
    unsigned char* into = der.data();
    write(object, &into);
    return der;
}

// What one run of the fuzzer uses: issued anew, so that no key stands in the repository.
struct Good {
    base::Bytes leaf;
    base::Bytes ca;
    base::Bytes key;
};

const Good& good() {
    static const Good made = [] {
        const auto issued = credential::issue({.names = {"localhost", "*.example.org", "127.0.0.1", "::1"}, .now = now});
        require(issued.has_value(), "a certificate can be issued");
        const auto write_certificate = [](const void* object, unsigned char** out) {
            return i2d_X509(static_cast<const X509*>(object), out);
        };
        const auto write_key = [](const void* object, unsigned char** out) {
            return i2d_PrivateKey(static_cast<const EVP_PKEY*>(object), out);
        };
        return Good{der_of(write_certificate, issued->leaf.get()), der_of(write_certificate, issued->ca.get()),
                    der_of(write_key, issued->key.get())};
    }();
    return made;
}

base::Bytes damaged(base::Bytes der, fuzz::Input& input) {
    for (int changes = input.byte() % 8; changes > 0; --changes) der[input.number(der.size())] = input.byte();
    return der;
}

// As OpenSSL's older form marks it.
std::string encrypted() {
    std::string block = pem_block("EC PRIVATE KEY", base::Bytes(16));
    return block.insert(block.find('\n') + 1,
                        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n");
}

std::string file_of(fuzz::Input& input) {
    std::string text;
    for (int steps = 0; steps < 16 && !input.empty(); ++steps) {
        switch (input.byte() % 7) {
            case 0:
                text += pem_block("CERTIFICATE", good().leaf);
                break;
            case 1:
                text += pem_block("CERTIFICATE", good().ca);
                break;
            case 2:
                text += pem_block("EC PRIVATE KEY", good().key);
                break;
            case 3:
                text += pem_block("CERTIFICATE", damaged(good().leaf, input));
                break;
            case 4:
                text += pem_block("EC PRIVATE KEY", damaged(good().key, input));
                break;
            case 5:
                text += encrypted();
                break;
            default:
                text += input.text(input.byte());
        }
    }
    return text;
}

void check_refusal(const base::Error& error, std::string_view variable) {
    require(error.kind == base::ErrorKind::invalid_configuration, "a file that cannot be used is the operator's to mend");
    require(error.detail.starts_with(variable), "the words name the variable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const bool own_key = input.byte() % 4 != 0;
    const MemoryFile file(file_of(input));
    const MemoryFile key(pem_block("EC PRIVATE KEY", good().key));

    const auto certificates = credential::read_certificates({"TLS_CERT", file.path()});
    if (!certificates) check_refusal(certificates.error(), "TLS_CERT: ");
    const auto read_key = credential::read_key({"TLS_KEY", file.path()});
    if (!read_key) check_refusal(read_key.error(), "TLS_KEY: ");

    const auto loaded =
        net::load_custom({.certificate = file.path(), .key = (own_key ? key : file).path(), .ca = file.path()}, now);
    if (!loaded) {
        check_refusal(loaded.error(), "TLS_");
        return 0;
    }
    require(certificates.has_value(), "what is loaded can be read");
    require(X509_check_private_key(loaded->identity.leaf(), loaded->identity.key()) == 1, "the key belongs to the certificate");
    require(sk_X509_num(loaded->identity.chain()) == 2 * sk_X509_num(certificates->get()) - 1, "the chain is sent whole");
    for (const std::string& name : loaded->identity.names()) (void)loaded->identity.covers(name);
    require(!loaded->identity.covers(""), "nobody is nameless");
    return 0;
}
