#include "net/server_tls.h"

#include "certificates.h"
#include "fixture.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace net_test {
namespace {

// What a test's client offers.
net::SslContextPtr client_context(const TestIdentity& trusted) {
    net::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_load_verify_file(context.get(), trusted.ca_file().c_str());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    return context;
}

net::SslPtr client_ssl(const net::SslContextPtr& context) {
    net::SslPtr ssl(SSL_new(context.get()));
    SSL_set1_host(ssl.get(), "localhost");
    SSL_set_connect_state(ssl.get());
    return ssl;
}

class ServerTls : public ServerFixture {
protected:
    void start_tls() {
        tls = net::ServerTls::make(known.identity()).value();
        start(tls.get());
    }

    TestIdentity known;
    net::SslContextPtr context = client_context(known);
    std::unique_ptr<net::ServerTls> tls;
};

TEST_F(ServerTls, speaks_TLS_1_3_with_a_hybrid_group_first) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        EXPECT_TRUE(exchange.secure());
        co_await echo(exchange);
    };
    start_tls();
    RawClient client(port);
    ASSERT_TRUE(client.start_tls(client_ssl(context)));
    EXPECT_EQ(SSL_version(client.ssl()), TLS1_3_VERSION);
    EXPECT_STREQ(SSL_get0_group_name(client.ssl()), "X25519MLKEM768");
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").ends_with("GET /a |"));
    client.send("GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("GET /b |"));
    EXPECT_TRUE(client.clean_end());
}

TEST_F(ServerTls, speaks_TLS_1_2_only_with_authenticated_encryption) {
    handler.on_request = echo;
    start_tls();
    SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
    RawClient good(port);
    ASSERT_TRUE(good.start_tls(client_ssl(context)));
    good.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(good.read_until("|").ends_with("GET /a |"));
    ASSERT_EQ(SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA"), 1);
    RawClient old(port);
    EXPECT_FALSE(old.start_tls(client_ssl(context)));
}

TEST_F(ServerTls, chooses_http_1_1_and_refuses_clients_that_offer_only_others) {
    start_tls();
    const std::string both("\x02h2\x08http/1.1", 12);
    ASSERT_EQ(SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(both.data()), 12), 0);
    RawClient client(port);
    ASSERT_TRUE(client.start_tls(client_ssl(context)));
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
    ASSERT_EQ(SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>("\x02h2"), 3), 0);
    RawClient other(port);
    EXPECT_FALSE(other.start_tls(client_ssl(context)));
}

TEST_F(ServerTls, resumes_sessions) {
    handler.on_request = echo;
    start_tls();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(context.get(), version);
        RawClient first(port);
        ASSERT_TRUE(first.start_tls(client_ssl(context)));
        first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        (void)first.read_until("|");
        SSL_SESSION* session = SSL_get1_session(first.ssl());
        auto ssl = client_ssl(context);
        SSL_set_session(ssl.get(), session);
        SSL_SESSION_free(session);
        RawClient second(port);
        ASSERT_TRUE(second.start_tls(std::move(ssl)));
        EXPECT_EQ(SSL_session_reused(second.ssl()), 1) << version;
    }
}

TEST_F(ServerTls, gives_new_connections_a_replaced_identity_and_lets_old_ones_go_on) {
    handler.on_request = echo;
    start_tls();
    RawClient before(port);
    ASSERT_TRUE(before.start_tls(client_ssl(context)));
    const TestIdentity next;
    ASSERT_TRUE(tls->replace(next.identity()));
    RawClient refused(port);
    EXPECT_FALSE(refused.start_tls(client_ssl(context)));
    RawClient after(port);
    EXPECT_TRUE(after.start_tls(client_ssl(client_context(next))));
    before.send("GET /still HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(before.read_until("|").ends_with("GET /still |"));
}

TEST_F(ServerTls, carries_large_bodies_both_ways) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        auto body = co_await exchange.read_body(64 << 20);
        EXPECT_TRUE(body);
        if (body) (void)co_await exchange.reply({200, {}}, std::move(*body));
    };
    start_tls();
    RawClient client(port);
    ASSERT_TRUE(client.start_tls(client_ssl(context)));
    std::string body;
    for (int i = 0; body.size() < (5 << 20); ++i) body += std::to_string(i) + " ";
    body += "|";
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    client.send(body);
    (void)client.read_until("\r\n\r\n");
    EXPECT_TRUE(client.read_until("|") == body);
}

TEST_F(ServerTls, takes_a_close_notify_as_the_clients_farewell) {
    std::promise<net::Wake> woken;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        woken.set_value(co_await net::sleep(exchange.loop(), soon(), exchange.cancellation()));
    };
    start_tls();
    RawClient client(port);
    ASSERT_TRUE(client.start_tls(client_ssl(context)));
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.send("GET /pipelined HTTP/1.1\r\nHost: h\r\n\r\n");
    SSL_shutdown(client.ssl());
    EXPECT_EQ(woken.get_future().get(), net::Wake::cancelled);
}

TEST_F(ServerTls, cuts_an_aborted_stream_without_close_notify) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        (void)co_await exchange.begin_stream({200, {}});
        (void)co_await exchange.write("half");
        exchange.abort();
    };
    start_tls();
    for (const auto* version : {"1.0", "1.1"}) {
        RawClient client(port);
        ASSERT_TRUE(client.start_tls(client_ssl(context)));
        client.send("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\n\r\n");
        EXPECT_TRUE(client.read_all().contains("half"));
        EXPECT_FALSE(client.clean_end());
    }
}

TEST_F(ServerTls, ends_a_handshake_that_is_too_slow_and_one_that_is_not_TLS) {
    settings.header_timeout = 50ms;
    start_tls();
    RawClient silent(port);
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_FALSE(silent.timed_out());
    RawClient plain(port);
    plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_FALSE(plain.read_all().starts_with("HTTP"));
    EXPECT_FALSE(plain.timed_out());
}

}  // namespace
}  // namespace net_test
