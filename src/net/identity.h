// Who the proxy says it is: a leaf certificate, the certificates sent along with it, and its key. Three makers (design §5):
// custom (TLS_CERT, TLS_KEY, TLS_CA), self-signed (a private CA and a leaf made here), embedded (libe2ee_proxy.so).
// load_identity() chooses between them in the original's order; call it again on SIGHUP.
//
// The self-made modes never use one certificate as both CA and server: rustls refuses that. The CA's private key exists only
// while it signs its one leaf: a machine that trusts this CA trusts nothing that could be signed later.
#pragma once

#include "base/result.h"
#include "credential/handles.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

using credential::EvpPkeyPtr;
using credential::X509Ptr;
using credential::X509StackPtr;

using WallTime = std::chrono::system_clock::time_point;

// Move-only. The pointers live as long as the identity; SSL_CTX_use_cert_and_key(context, leaf, key, chain, 1) takes its own
// references, so a context outlives the identity it was made from.
class TlsIdentity {
public:
    struct Parts {
        X509Ptr leaf;        // not null
        X509StackPtr chain;  // what is sent after the leaf, in order; not null, may be empty
        EvpPkeyPtr key;      // not null, belongs to the leaf
    };
    explicit TlsIdentity(Parts parts);

    [[nodiscard]] X509* leaf() const { return parts_.leaf.get(); }
    [[nodiscard]] STACK_OF(X509) * chain() const { return parts_.chain.get(); }
    [[nodiscard]] EVP_PKEY* key() const { return parts_.key.get(); }

    // Every subject alternative name: DNS names in lower case (a wildcard as "*.example.org") and IP addresses as text.
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    // Whether a client that asked for `host` (a DNS name, or an IP address with or without brackets; no port) would accept
    // the leaf for it: RFC 9525 matching, wildcards included, the subject's common name ignored. For the Host guard.
    [[nodiscard]] bool covers(std::string_view host) const;
    [[nodiscard]] WallTime not_after() const { return not_after_; }

private:
    Parts parts_;
    std::vector<std::string> names_;
    WallTime not_after_;
};

struct LoadedIdentity {
    TlsIdentity identity;
    std::string mode;                     // "custom", "self-signed" or "embedded"
    std::string ca_pem{};                 // the CA a client must trust, where the identity brings its own; else empty
    std::vector<std::string> warnings{};  // for the log: expired soon, could not be kept, ...
};

// TLS_CERT, TLS_KEY, TLS_CA.
struct CustomFiles {
    std::filesystem::path certificate;        // PEM: the leaf, then what belongs between it and its CA
    std::filesystem::path key;                // PEM, not encrypted: nobody is there to type a passphrase
    std::optional<std::filesystem::path> ca;  // PEM, appended to the chain
};
[[nodiscard]] base::Result<LoadedIdentity> load_custom(const CustomFiles& files, WallTime now);

// TLS_SELF_SIGNED.
struct SelfSignedSettings {
    std::string domain = "localhost";                  // DNS name, wildcard or IP address; added to localhost, 127.0.0.1, ::1
    std::optional<std::filesystem::path> state_dir{};  // kept there (0700, file 0600) and reused while valid; else memory only
    std::optional<std::filesystem::path> ca_file{};    // the CA's certificate is also written here (image: /tmp/ssl.crt)
};
[[nodiscard]] base::Result<LoadedIdentity> make_self_signed(const SelfSignedSettings& settings, WallTime now);

// libe2ee_proxy.so.
[[nodiscard]] base::Result<LoadedIdentity> load_embedded(WallTime now);

// What the options say; empty means unset.
struct IdentitySettings {
    std::string certificate_file;  // TLS_CERT
    std::string key_file;          // TLS_KEY
    std::string ca_file;           // TLS_CA
    bool self_signed = false;      // TLS_SELF_SIGNED
    std::string domain;            // TLS_DOMAIN
    std::string state_dir;         // E2EE_STATE_DIR
    std::string own_ca_file;       // E2EE_CA_FILE: where a mode that brings its own CA leaves its certificate, for docker cp
};
// Custom before self-signed before embedded. TLS_CERT and TLS_KEY come together or not at all, TLS_CA only with them.
[[nodiscard]] base::Result<LoadedIdentity> load_identity(const IdentitySettings& settings, WallTime now);

// How to make macOS, Linux and Windows trust the certificate in `file`: lines for a terminal.
[[nodiscard]] std::string trust_instructions(std::string_view file);

}  // namespace net
