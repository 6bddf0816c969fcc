// What the proxy reads from a client's headers and puts on every reply. Pure.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "net/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// The caller's key: `Authorization: Bearer KEY`, `Authorization: KEY` or `x-api-key: KEY`, in this order. `unauthorized` when
// there is none or it cannot be one.
[[nodiscard]] base::Result<base::ApiKey> api_key_of(const net::Headers& headers);

// Who may borrow the proxy's own key. Compares in constant time.
struct LentKey {
    const base::ApiKey& key;
    const std::vector<base::SecretText>& tokens;
};
[[nodiscard]] base::ApiKey exchange_token(base::ApiKey presented, const LentKey& lent);

// The client's X-Request-Id if it is 1 to 128 printable characters without spaces, else `fresh`.
[[nodiscard]] std::string request_id_of(const net::Headers& headers, std::string fresh);
[[nodiscard]] std::string fresh_request_id();

// Browser access (Fetch standard, "CORS protocol"). `origins` holds "*" or exact origins.
void add_cors(net::Headers& reply, const net::Headers& request, const std::vector<std::string>& origins);
void add_preflight(net::Headers& reply, const net::Headers& request);

// The host of a Host header or authority, without port and brackets, in lower case.
[[nodiscard]] std::string host_without_port(std::string_view authority);
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace proxy
