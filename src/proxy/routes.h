// Which request goes where. Pure.
#pragma once

#include "api/dialect.h"

#include <cstdint>
#include <string_view>

namespace proxy {

enum class RouteKind : std::uint8_t {
    health,        // GET /health
    models,        // GET /v1/models, passed through
    preflight,     // OPTIONS anything
    encrypted,     // POST /v1/*: to an instance, encrypted
    count_tokens,  // POST /v1/messages/count_tokens: answered here
    probe,         // HEAD / and HEAD /api/hello: agents ask whether anybody is there
    not_found,
    method_not_allowed,
};

struct Route {
    RouteKind kind = RouteKind::not_found;
    api::Dialect dialect = api::Dialect::chat;  // also of error replies
    std::string_view path;                      // without the query; a view of the target
    std::string_view allowed;                   // for 405: the Allow header
};

// `target` in origin form ("/v1/messages?beta=true"). HEAD counts as GET.
[[nodiscard]] Route route(std::string_view method, std::string_view target);

}  // namespace proxy
