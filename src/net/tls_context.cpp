#include "net/tls_context.h"

#include <openssl/err.h>

namespace net {

std::string tls_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason != nullptr ? reason : "unknown error";
}

base::Result<SslContextPtr> make_tls_context(const SSL_METHOD* method) {
    SslContextPtr context(SSL_CTX_new(method));
    if (!context) return base::fail(base::ErrorKind::internal, "OpenSSL cannot make a TLS context: " + tls_error());
    auto* raw = context.get();
    // A star: as a client, send a key share of this group at once, which saves a round trip with older servers.
    const bool set = SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
                     SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
                     SSL_CTX_set1_groups_list(raw, "*X25519MLKEM768:*X25519:P-256") == 1;
    if (!set) return base::fail(base::ErrorKind::internal, "OpenSSL refuses our TLS settings: " + tls_error());
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // A write may stop after any record and go on from a buffer that moved; idle connections hold no 16 KiB buffers.
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // One read(2) takes all records that are there, instead of two for each record.
    SSL_CTX_set_read_ahead(raw, 1);
    return context;
}

}  // namespace net
