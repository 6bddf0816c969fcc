#include "net/server_tls.h"

#include "net/tls_context.h"

#include <string_view>

namespace net {
namespace {

// The server's choice: http/1.1 is all we speak; a client that offers only other protocols is refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    unsigned char* chosen = nullptr;
    const int found =
        SSL_select_next_proto(&chosen, out_size, http1_protocol.data(), http1_protocol.size(), offered, offered_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

base::Result<SslContextPtr> make_context(const TlsIdentity& identity) {
    auto context = make_tls_context(TLS_server_method());
    if (!context) return context;
    auto* raw = context->get();
    if (SSL_CTX_use_cert_and_key(raw, identity.leaf(), identity.key(), identity.chain(), 1) != 1) {
        return base::fail(base::ErrorKind::invalid_configuration, "OpenSSL refuses the certificate or its key: " + tls_error());
    }
    SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    // Tickets carry the session, so nothing is kept here.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(raw, 1);
    return context;
}

}  // namespace

base::Result<std::unique_ptr<ServerTls>> ServerTls::make(const TlsIdentity& identity) {
    auto context = make_context(identity);
    if (!context) return std::unexpected(context.error());
    return std::unique_ptr<ServerTls>(new ServerTls(std::move(*context)));
}

base::Result<void> ServerTls::replace(const TlsIdentity& identity) {
    auto context = make_context(identity);
    if (!context) return std::unexpected(context.error());
    const std::lock_guard lock(mutex_);
    context_ = std::move(*context);
    return {};
}

SslPtr ServerTls::accept() const {
    const std::lock_guard lock(mutex_);
    SslPtr ssl(SSL_new(context_.get()));
    if (ssl) SSL_set_accept_state(ssl.get());
    return ssl;
}

}  // namespace net
