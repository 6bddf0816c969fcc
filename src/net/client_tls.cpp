#include "net/client_tls.h"

#include "net/tls_context.h"

#include <boost/asio/ip/address.hpp>
#include <openssl/x509v3.h>

#include <utility>

namespace net {
namespace {

// The session's owner is now the slot (answer 1).
int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* slot = static_cast<SessionSlot*>(SSL_get_app_data(ssl));
    if (slot == nullptr) return 0;
    slot->reset(session);
    return 1;
}

base::Result<void> load_trust(SSL_CTX* context, const ClientTls::Settings& settings) {
    const auto refuse = [](const std::string& what) {
        return base::fail(base::ErrorKind::invalid_configuration, what + ": " + tls_error());
    };
    if (settings.ca_file.empty() && settings.ca_dir.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) return refuse("cannot read the system's trusted certificates");
        return {};
    }
    if (!settings.ca_file.empty() && SSL_CTX_load_verify_file(context, settings.ca_file.c_str()) != 1) {
        return refuse("cannot read trusted certificates from SSL_CERT_FILE " + settings.ca_file);
    }
    if (!settings.ca_dir.empty() && SSL_CTX_load_verify_dir(context, settings.ca_dir.c_str()) != 1) {
        return refuse("cannot read trusted certificates from SSL_CERT_DIR " + settings.ca_dir);
    }
    return {};
}

}  // namespace

ClientTls::ClientTls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientTls::~ClientTls() = default;

base::Result<std::unique_ptr<ClientTls>> ClientTls::make(const Settings& settings) {
    auto context = make_tls_context(TLS_client_method());
    if (!context) return std::unexpected(context.error());
    auto* raw = context->get();
    if (auto loaded = load_trust(raw, settings); !loaded) return std::unexpected(loaded.error());
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, keep_session);
    if (SSL_CTX_set_alpn_protos(raw, http1_protocol.data(), http1_protocol.size()) != 0) {
        return base::fail(base::ErrorKind::internal, "OpenSSL refuses our ALPN list: " + tls_error());
    }
    return std::unique_ptr<ClientTls>(new ClientTls(std::make_unique<Impl>(std::move(*context))));
}

SslPtr ClientTls::Impl::connect(const std::string& host, SessionSlot& slot) const {
    SslPtr ssl(SSL_new(context.get()));
    if (!ssl) return nullptr;
    boost::system::error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    // RFC 6066 §3: no server name indication for addresses.
    const bool named =
        not_an_address ? SSL_set1_host(ssl.get(), host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1
                       : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1;
    if (!named) return nullptr;
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set_app_data(ssl.get(), &slot);
    if (slot) SSL_set_session(ssl.get(), slot.get());
    SSL_set_connect_state(ssl.get());
    return ssl;
}

}  // namespace net
