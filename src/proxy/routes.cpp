#include "proxy/routes.h"

#include <algorithm>
#include <cctype>

namespace proxy {
namespace {

// A path that goes into the X-E2E-Path header as it is: no control characters, no escapes that could be read in two ways.
bool plain_path(std::string_view path) {
    constexpr std::string_view punctuation = "/-_.~:@!$&'()*+,;=";
    return path.size() <= 1024 && !path.contains("//") && !path.contains("/../") && !path.ends_with("/..") &&
           std::ranges::all_of(
               path, [&](unsigned char c) { return std::isalnum(c) != 0 || punctuation.contains(static_cast<char>(c)); });
}

api::Dialect dialect_of(std::string_view path) {
    if (path == "/v1/messages" || path.starts_with("/v1/messages/")) return api::Dialect::messages;
    if (path == "/v1/responses" || path.starts_with("/v1/responses/")) return api::Dialect::responses;
    return api::Dialect::chat;
}

struct Fixed {
    std::string_view path;
    std::string_view method;
    RouteKind kind;
    std::string_view allowed;
};

constexpr Fixed fixed_routes[] = {
    {"/health", "GET", RouteKind::health, "GET, HEAD, OPTIONS"},
    {"/v1/models", "GET", RouteKind::models, "GET, HEAD, OPTIONS"},
    {"/v1/messages/count_tokens", "POST", RouteKind::count_tokens, "POST, OPTIONS"},
};

// Paths below /v1/responses and /v1/messages would need state this proxy does not keep: no such path, rather than a request
// that no instance understands.
bool translated_subpath(std::string_view path) {
    return path.starts_with("/v1/messages/") || path.starts_with("/v1/responses/");
}

}  // namespace

Route route(std::string_view method, std::string_view target) {
    const std::string_view path = target.substr(0, target.find_first_of("?#"));
    Route found{RouteKind::not_found, dialect_of(path), path, {}};
    const bool head = method == "HEAD";
    if (method == "OPTIONS") {
        found.kind = RouteKind::preflight;
        return found;
    }
    for (const Fixed& fixed : fixed_routes) {
        if (path != fixed.path) continue;
        const bool fits = method == fixed.method || (head && fixed.method == "GET");
        found.kind = fits ? fixed.kind : RouteKind::method_not_allowed;
        found.allowed = fixed.allowed;
        return found;
    }
    if (head && (path == "/" || path == "/api/hello")) {
        found.kind = RouteKind::probe;
        return found;
    }
    if (path.starts_with("/v1/") && path.size() > 4 && plain_path(path) && !translated_subpath(path)) {
        found.kind = method == "POST" ? RouteKind::encrypted : RouteKind::method_not_allowed;
        found.allowed = "POST, OPTIONS";
    }
    return found;
}

}  // namespace proxy
