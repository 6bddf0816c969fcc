#include "proxy/headers.h"

#include <gtest/gtest.h>

namespace {

using net::Headers;

std::string key_in(const Headers& headers) {
    const auto key = proxy::api_key_of(headers);
    return key ? std::string(key->reveal()) : "(none)";
}

TEST(headers, a_key_comes_in_either_header_with_or_without_bearer) {
    EXPECT_EQ(key_in({{"Authorization", "Bearer cpk_1"}}), "cpk_1");
    EXPECT_EQ(key_in({{"authorization", "bearer  cpk_1 "}}), "cpk_1");
    EXPECT_EQ(key_in({{"Authorization", "cpk_1"}}), "cpk_1");
    EXPECT_EQ(key_in({{"x-api-key", "cpk_2"}}), "cpk_2");
    EXPECT_EQ(key_in({{"x-api-key", "cpk_2"}, {"Authorization", "Bearer cpk_1"}}), "cpk_1");
}

TEST(headers, what_is_no_key_is_refused) {
    for (const Headers& headers : {Headers{}, Headers{{"Authorization", ""}}, Headers{{"Authorization", "Bearer"}},
                                   Headers{{"Authorization", "Basic dTpw"}}, Headers{{"Authorization", "Bearer a b"}},
                                   Headers{{"x-api-key", "k\xC3\xA4y"}}, Headers{{"x-api-key", std::string(5000, 'a')}}}) {
        EXPECT_EQ(key_in(headers), "(none)");
    }
}

TEST(headers, an_unusable_authorization_leaves_the_other_header_in_force) {
    EXPECT_EQ(key_in({{"Authorization", "Basic dTpw"}, {"x-api-key", "cpk_2"}}), "cpk_2");
}

TEST(headers, a_known_token_borrows_the_proxys_key_and_nobody_elses_is_changed) {
    const base::ApiKey own("cpk_own");
    std::vector<base::SecretText> tokens;
    tokens.emplace_back("token-1");
    tokens.emplace_back("token-2");
    const auto lent = [&](const char* presented) {
        return std::string(proxy::exchange_token(base::ApiKey(presented), {own, tokens}).reveal());
    };
    EXPECT_EQ(lent("token-2"), "cpk_own");
    EXPECT_EQ(lent("token-3"), "token-3");
    EXPECT_EQ(lent("token-"), "token-");
}

TEST(headers, a_request_id_is_taken_over_only_if_it_is_harmless) {
    EXPECT_EQ(proxy::request_id_of({{"X-Request-Id", "abc-1"}}, "fresh"), "abc-1");
    EXPECT_EQ(proxy::request_id_of({{"X-Request-Id", std::string(129, 'a')}}, "fresh"), "fresh");
    EXPECT_EQ(proxy::request_id_of({{"X-Request-Id", "a b"}}, "fresh"), "fresh");
    EXPECT_EQ(proxy::request_id_of({}, "fresh"), "fresh");
    EXPECT_NE(proxy::fresh_request_id(), proxy::fresh_request_id());
}

TEST(headers, a_listed_origin_is_named_and_another_one_is_not) {
    Headers listed;
    proxy::add_cors(listed, {{"Origin", "https://a.example"}}, {"https://a.example"});
    EXPECT_EQ(listed.find("access-control-allow-origin"), "https://a.example");
    EXPECT_EQ(listed.find("vary"), "Origin");
    Headers other;
    proxy::add_cors(other, {{"Origin", "https://b.example"}}, {"https://a.example"});
    EXPECT_FALSE(other.contains("access-control-allow-origin"));
    EXPECT_EQ(other.find("vary"), "Origin");
}

TEST(headers, a_host_is_compared_without_port_brackets_case_and_final_dot) {
    EXPECT_EQ(proxy::host_without_port("LocalHost:8443"), "localhost");
    EXPECT_EQ(proxy::host_without_port("[::1]:8443"), "::1");
    EXPECT_EQ(proxy::host_without_port("a.example."), "a.example");
    EXPECT_TRUE(proxy::is_loopback_host("127.8.9.1"));
    EXPECT_FALSE(proxy::is_loopback_host("127.0.0.1.evil.example"));
    EXPECT_FALSE(proxy::is_loopback_host("localhost.evil.example"));
}

}  // namespace
