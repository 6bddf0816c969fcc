// The client side of TLS: verification, names, sessions.
#pragma once

#include "net/client.h"
#include "net/server_tls.h"

#include <memory>
#include <string>

namespace net {

struct FreeSslSession {
    void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
// The last session of one origin, to be resumed by its next connection.
using SessionSlot = std::unique_ptr<SSL_SESSION, FreeSslSession>;

struct ClientTls::Impl {
    SslContextPtr context;

    // State for one connection to `host`, whose certificate must be for that name or address. New sessions go to `slot`,
    // which outlives the connection.
    [[nodiscard]] SslPtr connect(const std::string& host, SessionSlot& slot) const;
};

}  // namespace net
