// The server side of TLS: TLS 1.2 (AEAD suites only) and 1.3, groups X25519MLKEM768, X25519, P-256, ALPN http/1.1, stateless
// tickets with keys of this process.
#pragma once

#include "base/result.h"
#include "net/identity.h"

#include <openssl/ssl.h>

#include <memory>
#include <mutex>

namespace net {

struct FreeSslContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslContextPtr = std::unique_ptr<SSL_CTX, FreeSslContext>;

struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;

// One for all loops.
class ServerTls {
public:
    // `invalid_configuration` if OpenSSL does not take the certificate and its key.
    [[nodiscard]] static base::Result<std::unique_ptr<ServerTls>> make(const TlsIdentity& identity);

    // New connections get the new identity, running ones keep theirs. From any thread. An identity that cannot be used
    // changes nothing.
    [[nodiscard]] base::Result<void> replace(const TlsIdentity& identity);

    // State for one connection.
    [[nodiscard]] SslPtr accept() const;

private:
    explicit ServerTls(SslContextPtr context) : context_(std::move(context)) {}

    mutable std::mutex mutex_;
    SslContextPtr context_;
};

}  // namespace net
