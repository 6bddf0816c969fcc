#include "net/client.h"

#include <gtest/gtest.h>

namespace {

using net::Origin;
using net::Scheme;

TEST(origin, is_a_scheme_a_host_and_a_port) {
    EXPECT_EQ(net::parse_origin("https://API.example.org"), (Origin{Scheme::https, "api.example.org", 443}));
    EXPECT_EQ(net::parse_origin("https://api.example.org:8443/"), (Origin{Scheme::https, "api.example.org", 8443}));
    EXPECT_EQ(net::parse_origin("http://127.0.0.1:80"), (Origin{Scheme::http, "127.0.0.1", 80}));
    EXPECT_EQ(net::parse_origin("https://[::1]:8443"), (Origin{Scheme::https, "::1", 8443}));
    for (const auto* wrong :
         {"", "api.example.org", "ftp://a", "https://", "https://a/path", "https://u@a", "https://a:0", "https://a:65536",
          "https://a:1x", "https://[::1", "https://a?b", "https://a b", "https://a\r\nb"}) {
        EXPECT_FALSE(net::parse_origin(wrong)) << wrong;
    }
}

TEST(proxy, address_may_carry_a_login) {
    const auto plain = net::parse_proxy("http://proxy.local:3128");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->host, "proxy.local");
    EXPECT_EQ(plain->port, 3128);
    EXPECT_EQ(plain->authorization, "");
    const auto login = net::parse_proxy("http://Aladdin:open%20sesame@proxy.local/");
    ASSERT_TRUE(login);
    EXPECT_EQ(login->port, 80);
    EXPECT_EQ(login->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617 §2
    for (const auto* wrong : {"", "proxy:3128", "https://proxy", "socks5://proxy", "http://", "http://a:b:c", "http://u%2@h"}) {
        EXPECT_FALSE(net::parse_proxy(wrong)) << wrong;
    }
}

TEST(proxy, exceptions_cover_hosts_their_subdomains_ports_and_addresses) {
    const net::ProxyExceptions some("localhost, .example.org,other.net:8443,10.0.0.1,[::1]");
    EXPECT_TRUE(some.cover({Scheme::https, "localhost", 1}));
    EXPECT_TRUE(some.cover({Scheme::https, "example.org", 443}));
    EXPECT_TRUE(some.cover({Scheme::https, "a.example.org", 443}));
    EXPECT_FALSE(some.cover({Scheme::https, "notexample.org", 443}));
    EXPECT_TRUE(some.cover({Scheme::https, "other.net", 8443}));
    EXPECT_FALSE(some.cover({Scheme::https, "other.net", 443}));
    EXPECT_TRUE(some.cover({Scheme::https, "10.0.0.1", 443}));
    EXPECT_TRUE(some.cover({Scheme::https, "::1", 443}));
    EXPECT_FALSE(some.cover({Scheme::https, "10.0.0.2", 443}));
    EXPECT_TRUE(net::ProxyExceptions("*").cover({Scheme::https, "any", 1}));
    EXPECT_FALSE(net::ProxyExceptions("").cover({Scheme::https, "any", 1}));
}

}  // namespace
