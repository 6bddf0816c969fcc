// Certificates and keys in PEM files. Errors are invalid_configuration and name the variable and the file; nothing here ever
// asks for a passphrase.
#pragma once

#include "base/result.h"
#include "credential/handles.h"

#include <filesystem>
#include <string>

namespace credential {

// A file somebody pointed us to, and the variable they did it with ("TLS_CERT").
struct NamedFile {
    std::string variable;
    std::filesystem::path path;
};

// All certificates of the file in order, at least one.
[[nodiscard]] base::Result<X509StackPtr> read_certificates(const NamedFile& file);

// The first private key of the file: PKCS#8, or the older SEC1 and PKCS#1 forms. An encrypted one is an error that says how
// to decrypt it.
[[nodiscard]] base::Result<EvpPkeyPtr> read_key(const NamedFile& file);

[[nodiscard]] std::string to_pem(X509* certificate);

}  // namespace credential
