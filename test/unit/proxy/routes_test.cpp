#include "proxy/routes.h"

#include <gtest/gtest.h>

namespace {

using api::Dialect;
using proxy::route;
using proxy::RouteKind;

struct Case {
    const char* method;
    const char* target;
    RouteKind kind;
    Dialect dialect = Dialect::chat;
};

TEST(routes, every_request_has_one_place_to_go) {
    constexpr Case cases[] = {
        {"GET", "/health", RouteKind::health},
        {"HEAD", "/health", RouteKind::health},
        {"GET", "/v1/models?limit=1000", RouteKind::models},
        {"POST", "/v1/chat/completions", RouteKind::encrypted},
        {"POST", "/v1/embeddings", RouteKind::encrypted},
        {"POST", "/v1/some/new-path", RouteKind::encrypted},
        {"POST", "/v1/messages?beta=true", RouteKind::encrypted, Dialect::messages},
        {"POST", "/v1/responses", RouteKind::encrypted, Dialect::responses},
        {"POST", "/v1/messages/count_tokens?beta=true", RouteKind::count_tokens, Dialect::messages},
        {"OPTIONS", "/anything", RouteKind::preflight},
        {"OPTIONS", "*", RouteKind::preflight},
        {"HEAD", "/", RouteKind::probe},
        {"HEAD", "/api/hello", RouteKind::probe},
        {"GET", "/v1/messages", RouteKind::method_not_allowed, Dialect::messages},
        {"GET", "/v1/chat/completions", RouteKind::method_not_allowed},
        {"DELETE", "/v1/models", RouteKind::method_not_allowed},
        {"POST", "/health", RouteKind::method_not_allowed},
        {"GET", "/", RouteKind::not_found},
        {"POST", "/v1/", RouteKind::not_found},
        {"POST", "/v2/chat/completions", RouteKind::not_found},
        {"POST", "/v1/responses/resp_1/cancel", RouteKind::not_found, Dialect::responses},
        {"POST", "/v1/messages/batches", RouteKind::not_found, Dialect::messages},
    };
    for (const Case& each : cases) {
        const auto found = route(each.method, each.target);
        EXPECT_EQ(found.kind, each.kind) << each.method << " " << each.target;
        EXPECT_EQ(found.dialect, each.dialect) << each.target;
    }
}

TEST(routes, a_path_that_could_be_read_in_two_ways_goes_nowhere) {
    for (const char* target : {"/v1/../health", "/v1//chat", "/v1/%2e%2e/x", "/v1/a b", "/v1/..", "/v1/a\"b", "/v1/\xC3\xA4"}) {
        EXPECT_EQ(route("POST", target).kind, RouteKind::not_found) << target;
    }
    EXPECT_EQ(route("POST", "/v1/" + std::string(2000, 'a')).kind, RouteKind::not_found);
}

TEST(routes, the_path_for_the_instance_has_no_query) {
    EXPECT_EQ(route("POST", "/v1/completions?x=1").path, "/v1/completions");
}

}  // namespace
