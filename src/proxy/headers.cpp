#include "proxy/headers.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/kdf.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace proxy {
namespace {

using base::ErrorKind;

constexpr std::size_t api_key_max = 4096;

bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// "Bearer KEY" → KEY. A lone word is taken as the key itself; another scheme ("Basic …") is none.
std::optional<std::string_view> key_in_authorization(std::string_view value) {
    value = trimmed(value);
    const std::size_t space = value.find(' ');
    if (space == std::string_view::npos) return net::same_token(value, "bearer") ? std::nullopt : std::optional(value);
    if (!net::same_token(value.substr(0, space), "bearer")) return std::nullopt;
    return trimmed(value.substr(space));
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i)
        difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]);
    return difference == 0;
}

}  // namespace

base::Result<base::ApiKey> api_key_of(const net::Headers& headers) {
    constexpr auto advice = "send your Chutes API key as `Authorization: Bearer cpk_...` or `x-api-key: cpk_...`";
    std::optional<std::string_view> key;
    if (const auto authorization = headers.find("authorization")) key = key_in_authorization(*authorization);
    if (!key) {
        if (const auto header = headers.find("x-api-key")) key = trimmed(*header);
    }
    if (!key || key->empty()) return base::fail(ErrorKind::unauthorized, std::string("no API key in the request: ") + advice);
    if (key->size() > api_key_max || !printable(*key)) {
        return base::fail(ErrorKind::unauthorized, std::string("the API key holds characters that no key has: ") + advice);
    }
    return base::ApiKey(*key);
}

base::ApiKey exchange_token(base::ApiKey presented, const LentKey& lent) {
    bool known = false;
    for (const base::SecretText& token : lent.tokens) known |= equal_in_constant_time(token.reveal(), presented.reveal());
    return known ? lent.key.clone() : std::move(presented);
}

std::string request_id_of(const net::Headers& headers, std::string fresh) {
    const auto id = headers.find("x-request-id");
    if (!id || id->empty() || id->size() > base::limits::request_id_max || !printable(*id)) return fresh;
    return std::string(*id);
}

std::string fresh_request_id() {
    constexpr std::string_view hex = "0123456789abcdef";
    std::array<std::uint8_t, 12> bytes{};
    crypto::random_bytes(bytes);
    std::string id = "req_";
    for (const std::uint8_t byte : bytes) {
        id += hex[byte >> 4];
        id += hex[byte & 15];
    }
    return id;
}

void add_cors(net::Headers& reply, const net::Headers& request, const std::vector<std::string>& origins) {
    if (std::ranges::find(origins, "*") != origins.end()) {
        reply.set("Access-Control-Allow-Origin", "*");
    } else {
        reply.set("Vary", "Origin");
        const auto origin = request.find("origin");
        if (!origin || std::ranges::find(origins, *origin) == origins.end()) return;
        reply.set("Access-Control-Allow-Origin", std::string(*origin));
    }
    reply.set("Access-Control-Expose-Headers", "X-Request-Id, Request-Id, Retry-After, X-Should-Retry");
}

void add_preflight(net::Headers& reply, const net::Headers& request) {
    reply.set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
    const auto asked = request.find("access-control-request-headers");
    reply.set("Access-Control-Allow-Headers", asked ? std::string(*asked) : "Authorization, Content-Type, X-Api-Key");
    reply.set("Access-Control-Max-Age", "86400");
    if (const auto network = request.find("access-control-request-private-network"); network && *network == "true") {
        reply.set("Access-Control-Allow-Private-Network", "true");
    }
}

std::string host_without_port(std::string_view authority) {
    std::string host(authority);
    if (host.starts_with('[')) {
        host = host.substr(1, host.find(']') - 1);
    } else if (const std::size_t colon = host.find(':'); colon != std::string::npos) {
        host.resize(colon);
    }
    if (host.ends_with('.')) host.pop_back();
    std::ranges::transform(host, host.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return host;
}

bool is_loopback_host(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace proxy
