// What our TLS contexts have in common, on both sides.
#pragma once

#include "base/result.h"
#include "net/server_tls.h"

#include <array>
#include <string>

namespace net {

// ALPN: one entry, "http/1.1" (RFC 7301 §3.1).
inline constexpr std::array<unsigned char, 9> http1_protocol{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// The reason of OpenSSL's latest failure; empties its queue.
[[nodiscard]] std::string tls_error();

// TLS 1.2 with AEAD suites, TLS 1.3; groups X25519MLKEM768, X25519, P-256; no renegotiation, no compression.
[[nodiscard]] base::Result<SslContextPtr> make_tls_context(const SSL_METHOD* method);

}  // namespace net
