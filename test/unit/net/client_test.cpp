#include "net/client.h"

#include "certificates.h"
#include "fixture.h"

#include <array>

namespace net_test {
namespace {

using base::ErrorKind;
using net::Origin;
using net::Scheme;
using Reply = base::Result<net::UpstreamReply>;

// What a test wants to know of a whole exchange.
struct Seen {
    unsigned status = 0;
    std::string body = {};
    bool reused = false;
    ErrorKind error = ErrorKind::internal;  // if status is 0
};

class Client : public testing::Test {
protected:
    void TearDown() override {
        threads.call([&] { client.reset(); });
        threads.stop();
    }

    void make() {
        threads.call([&] { client.emplace(threads.loop(), *tls, settings); });
    }

    net::Task<Seen> exchange(Origin origin, net::UpstreamRequest request) {
        auto reply = co_await client->send(std::move(origin), std::move(request), never, soon());
        if (!reply) co_return Seen{.error = reply.error().kind};
        auto body = co_await reply->read_all(1 << 20, soon());
        if (!body) co_return Seen{.error = body.error().kind};
        co_return Seen{.status = reply->head().status, .body = std::move(*body), .reused = reply->reused_connection()};
    }
    Seen run(Origin origin, net::UpstreamRequest request = {}) {
        return threads.await<Seen>([&] { return exchange(origin, request); });
    }
    static Origin plain(const RawServer& server) { return {Scheme::http, "127.0.0.1", server.port()}; }
    static Origin secure(const RawServer& server) { return {Scheme::https, "localhost", server.port()}; }

    TestIdentity known;
    std::unique_ptr<net::ClientTls> tls = known.trust();
    net::ClientSettings settings;
    net::Cancellation never;
    LoopThread threads;
    std::optional<net::Client> client;
};

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(Client, sends_what_it_is_given_and_reuses_the_connection) {
    std::vector<std::string> heads;
    RawServer server([&](RawSocket& peer, int) {
        for (int i = 0; i < 2; ++i) {
            heads.push_back(peer.read_until("\r\n\r\n"));
            EXPECT_EQ(peer.read_until("|"), "body|");
            peer.send(ok);
        }
    });
    make();
    net::UpstreamRequest request{.method = "POST", .target = "/x?y", .headers = {{"X-A", "1"}, {"Content-Length", "999"}}};
    request.body = base::as_bytes("body|");
    const auto first = run(plain(server), request);
    EXPECT_EQ(first.body, "ok");
    EXPECT_FALSE(first.reused);
    const auto second = run(plain(server), request);
    EXPECT_EQ(second.body, "ok");
    EXPECT_TRUE(second.reused);
    const auto host = "127.0.0.1:" + std::to_string(server.port());
    EXPECT_EQ(heads.at(1), "POST /x?y HTTP/1.1\r\nHost: " + host + "\r\nX-A: 1\r\nContent-Length: 5\r\n\r\n");
}

TEST_F(Client, reads_bodies_by_length_by_chunks_and_to_the_end) {
    const std::vector<std::pair<std::string, std::string>> replies{
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
         "3\r\n\r\nabc",
         "abc"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;e\r\nde\r\n0\r\nT: t\r\n\r\n", "abcde"},
        {"HTTP/1.1 200 OK\r\n\r\nto the end", "to the end"},
    };
    RawServer server([&](RawSocket& peer, int number) {
        (void)peer.read_until("\r\n\r\n");
        peer.send(replies.at(static_cast<std::size_t>(number)).first);
    });
    make();
    for (const auto& [bytes, body] : replies) {
        threads.call([&] { client->close_idle(); });
        const auto seen = run(plain(server));
        EXPECT_EQ(seen.status, 200U) << bytes;
        EXPECT_EQ(seen.body, body) << bytes;
    }
}

TEST_F(Client, tells_a_reply_that_breaks_from_one_that_never_began) {
    const std::vector<std::pair<std::string, ErrorKind>> replies{
        {"", ErrorKind::upstream_unreachable},
        {"HTTP/1.1 200 O", ErrorKind::upstream_broken},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", ErrorKind::upstream_broken},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ErrorKind::upstream_broken},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrorKind::upstream_broken},
        {"<html>not HTTP at all</html>\r\n\r\n", ErrorKind::upstream_broken},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", ErrorKind::upstream_broken},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x'), ErrorKind::upstream_broken},
    };
    RawServer server([&](RawSocket& peer, int number) {
        (void)peer.read_until("\r\n\r\n");
        peer.send(replies.at(static_cast<std::size_t>(number)).first);
    });
    make();
    for (const auto& [bytes, kind] : replies) {
        const auto seen = run(plain(server));
        EXPECT_EQ(seen.status, 0U);
        EXPECT_EQ(seen.error, kind) << bytes.substr(0, 60);
    }
}

TEST_F(Client, finds_a_connection_that_was_closed_while_idle_before_it_writes) {
    std::array<std::promise<void>, 5> closed;
    RawServer server([&](RawSocket& peer, int number) {
        (void)peer.read_until("\r\n\r\n");
        peer.send(ok);
        peer.close();
        closed.at(static_cast<std::size_t>(number)).set_value();
    });
    make();
    for (auto& now : closed) {
        EXPECT_EQ(run(plain(server), {.method = "POST"}).body, "ok");
        now.get_future().get();
    }
}

TEST_F(Client, does_not_send_a_request_twice_unless_it_may) {
    RawServer server([&](RawSocket& peer, int) {
        (void)peer.read_until("\r\n\r\n");
        peer.send(ok);
        (void)peer.read_until("\r\n\r\n");  // and no answer
    });
    make();
    EXPECT_EQ(run(plain(server), {.method = "POST"}).body, "ok");
    EXPECT_EQ(run(plain(server), {.method = "POST"}).error, ErrorKind::upstream_unreachable);
    EXPECT_EQ(run(plain(server)).body, "ok");
    const auto again = run(plain(server), {.resend = net::UpstreamRequest::Resend::once});
    EXPECT_EQ(again.body, "ok");
    EXPECT_FALSE(again.reused);
}

TEST_F(Client, waits_on_after_a_timeout_without_losing_anything) {
    std::promise<void> go;
    RawServer server([&](RawSocket& peer, int) {
        (void)peer.read_until("\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
        go.get_future().get();
        peer.send("def");
    });
    make();
    const auto text = threads.await<std::string>([&]() -> net::Task<std::string> {
        auto reply = co_await client->send(plain(server), {}, never, soon());
        auto first = co_await reply->read(soon());
        const auto second = co_await reply->read(net::Clock::now() + 10ms);
        EXPECT_EQ(second.error().kind, ErrorKind::timeout);
        go.set_value();
        auto third = co_await reply->read(soon());
        EXPECT_EQ(co_await reply->read(soon()), "");
        EXPECT_EQ(client->idle_connections(), 1U);
        co_return *first + "," + *third;
    });
    EXPECT_EQ(text, "abc,def");
}

TEST_F(Client, gives_up_at_the_deadline) {
    std::promise<void> over;
    RawServer server([&](RawSocket&, int) { over.get_future().get(); });
    make();
    const auto kind = threads.await<ErrorKind>([&]() -> net::Task<ErrorKind> {
        auto reply = co_await client->send(plain(server), {}, never, net::Clock::now() + 20ms);
        co_return reply.error().kind;
    });
    EXPECT_EQ(kind, ErrorKind::timeout);
    over.set_value();
}

TEST_F(Client, closes_the_connection_when_it_is_cancelled_or_the_reply_is_dropped) {
    std::promise<std::string> after_cancel;
    std::promise<std::string> after_drop;
    std::promise<void> asked;
    RawServer server([&](RawSocket& peer, int number) {
        (void)peer.read_until("\r\n\r\n");
        if (number == 0) {
            asked.set_value();
            after_cancel.set_value(peer.read_all());
        } else {
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
            after_drop.set_value(peer.read_all());
        }
        EXPECT_FALSE(peer.timed_out());
    });
    make();
    net::Cancellation cancellation;
    std::promise<ErrorKind> cancelled;
    threads.loop().spawn([&]() -> net::Task<void> {
        auto reply = co_await client->send(plain(server), {}, cancellation, soon());
        cancelled.set_value(reply.error().kind);
    });
    asked.get_future().get();
    threads.call([&] { cancellation.cancel(); });
    EXPECT_EQ(cancelled.get_future().get(), ErrorKind::cancelled);
    EXPECT_EQ(after_cancel.get_future().get(), "");

    const bool sent = threads.await<bool>([&]() -> net::Task<bool> {
        const auto reply = co_await client->send(plain(server), {}, never, soon());
        co_return reply.has_value();
    });
    EXPECT_TRUE(sent);
    EXPECT_EQ(after_drop.get_future().get(), "");
}

TEST_F(Client, cannot_reach_what_does_not_listen_or_has_no_name) {
    make();
    std::uint16_t port = 0;
    {
        const auto closed = net::open_listeners({"127.0.0.1", 0}, 1);
        port = closed->address.port;
    }
    EXPECT_EQ(run({Scheme::http, "127.0.0.1", port}).error, ErrorKind::upstream_unreachable);
    EXPECT_EQ(run({Scheme::http, "does-not-exist.invalid", 80}).error, ErrorKind::upstream_unreachable);
}

TEST_F(Client, tries_every_address_of_a_name) {
    RawServer server([&](RawSocket& peer, int) {
        (void)peer.read_until("\r\n\r\n");
        peer.send(ok);
    });
    make();
    // "localhost" may also be ::1, where nobody listens.
    EXPECT_EQ(run({Scheme::http, "localhost", server.port()}).body, "ok");
}

void serve_tls(RawSocket& peer, const net::ServerTls& identity, std::vector<bool>* resumed = nullptr) {
    if (!peer.start_tls(identity.accept())) return;
    if (resumed != nullptr) resumed->push_back(SSL_session_reused(peer.ssl()) == 1);
    (void)peer.read_until("\r\n\r\n");
    peer.send(ok);
    SSL_shutdown(peer.ssl());
}

TEST_F(Client, trusts_only_certificates_of_the_CAs_it_was_given) {
    const auto identity = net::ServerTls::make(known.identity()).value();
    RawServer server([&](RawSocket& peer, int) { serve_tls(peer, *identity); });
    make();
    EXPECT_EQ(run({Scheme::https, "localhost", server.port()}).body, "ok");
    EXPECT_EQ(run({Scheme::https, "127.0.0.1", server.port()}).body, "ok");
    const TestIdentity other;
    const auto stranger = other.trust();
    threads.call([&] { client.emplace(threads.loop(), *stranger, settings); });
    const auto untrusted = threads.await<base::Error>([&]() -> net::Task<base::Error> {
        auto reply = co_await client->send({Scheme::https, "localhost", server.port()}, {}, never, soon());
        co_return reply ? base::Error{} : reply.error();
    });
    EXPECT_EQ(untrusted.kind, ErrorKind::upstream_unreachable);
    EXPECT_TRUE(untrusted.detail.contains("its certificate was refused")) << untrusted.detail;
}

TEST_F(Client, refuses_a_certificate_for_another_address) {
    const auto identity = net::ServerTls::make(known.identity()).value();
    auto opened = net::open_listeners({"127.0.0.2", 0}, 1);
    ASSERT_TRUE(opened);
    std::thread server([&, fd = std::move(opened->sockets.front())] {
        ::fcntl(fd.number(), F_SETFL, 0);
        RawSocket peer(net::Fd(::accept(fd.number(), nullptr, nullptr)));
        serve_tls(peer, *identity);
    });
    make();
    const auto refused = threads.await<base::Error>([&]() -> net::Task<base::Error> {
        auto reply = co_await client->send({Scheme::https, "127.0.0.2", opened->address.port}, {}, never, soon());
        co_return reply ? base::Error{} : reply.error();
    });
    server.join();
    EXPECT_EQ(refused.kind, ErrorKind::upstream_unreachable);
    EXPECT_TRUE(refused.detail.contains("IP address mismatch")) << refused.detail;
}

TEST_F(Client, resumes_sessions_on_new_connections) {
    const auto identity = net::ServerTls::make(known.identity()).value();
    std::vector<bool> resumed;
    RawServer server([&](RawSocket& peer, int) { serve_tls(peer, *identity, &resumed); });
    make();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(run(secure(server)).body, "ok");
        threads.call([&] { client->close_idle(); });
    }
    EXPECT_EQ(resumed, (std::vector{false, true, true}));
}

TEST_F(Client, takes_a_cut_TLS_connection_for_a_cut_reply) {
    const auto identity = net::ServerTls::make(known.identity()).value();
    RawServer server([&](RawSocket& peer, int number) {
        if (!peer.start_tls(identity->accept())) return;
        (void)peer.read_until("\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\n\r\nto the end");
        if (number == 0) SSL_shutdown(peer.ssl());
    });
    make();
    EXPECT_EQ(run(secure(server)).body, "to the end");
    EXPECT_EQ(run(secure(server)).error, ErrorKind::upstream_broken);
}

TEST_F(Client, sends_large_bodies_over_TLS) {
    const auto identity = net::ServerTls::make(known.identity()).value();
    std::string body;
    for (int i = 0; body.size() < (5 << 20); ++i) body += std::to_string(i) + " ";
    body += "|";
    bool same = false;
    RawServer server([&](RawSocket& peer, int) {
        if (!peer.start_tls(identity->accept())) return;
        (void)peer.read_until("\r\n\r\n");
        same = peer.read_until("|") == body;
        peer.send(ok);
        (void)peer.read_all();
    });
    make();
    net::UpstreamRequest request{.method = "POST"};
    request.body = base::as_bytes(body);
    EXPECT_EQ(run(secure(server), request).body, "ok");
    EXPECT_TRUE(same);
}

TEST_F(Client, reads_the_refusal_of_an_upstream_that_does_not_take_the_whole_body) {
    RawServer server([&](RawSocket& peer, int) {
        (void)peer.read_until("\r\n\r\n");
        peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        peer.close_sending_side();
        (void)peer.read_all();
    });
    make();
    const std::string body(5 << 20, 'x');
    net::UpstreamRequest request{.method = "POST"};
    request.body = base::as_bytes(body);
    const auto seen = run(plain(server), request);
    EXPECT_EQ(seen.status, 413U);
    EXPECT_EQ(seen.body, "no");
}

TEST_F(Client, goes_through_a_CONNECT_proxy_unless_an_exception_covers_the_host) {
    const auto identity = net::ServerTls::make(known.identity()).value();
    std::vector<std::string> asked;
    RawServer proxy([&](RawSocket& peer, int number) {
        asked.push_back(peer.read_until("\r\n\r\n"));
        if (number == 1) {
            peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
            return;
        }
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        serve_tls(peer, *identity);  // the proxy plays the upstream too
    });
    settings.proxy = net::ProxyAddress{"127.0.0.1", proxy.port(), "Basic xyz"};
    settings.proxy_exceptions = net::ProxyExceptions("direct.invalid");
    make();
    EXPECT_EQ(run({Scheme::https, "localhost", 4443}).body, "ok");
    EXPECT_EQ(asked.at(0), "CONNECT localhost:4443 HTTP/1.1\r\nHost: localhost:4443\r\nProxy-Authorization: Basic xyz\r\n\r\n");
    EXPECT_EQ(run({Scheme::https, "localhost", 4443}).error, ErrorKind::upstream_unreachable);
    EXPECT_EQ(asked.size(), 2U);
    EXPECT_EQ(run({Scheme::https, "direct.invalid", 4443}).error, ErrorKind::upstream_unreachable);
    EXPECT_EQ(asked.size(), 2U);
}

TEST_F(Client, closes_a_connection_that_was_idle_for_its_time) {
    std::promise<std::string> after;
    RawServer server([&](RawSocket& peer, int) {
        (void)peer.read_until("\r\n\r\n");
        peer.send(ok);
        after.set_value(peer.read_all());
        EXPECT_TRUE(peer.clean_end());
    });
    settings.idle_timeout = 20ms;
    make();
    EXPECT_EQ(run(plain(server)).body, "ok");
    EXPECT_EQ(after.get_future().get(), "");
    EXPECT_EQ(threads.call([&] { return client->idle_connections(); }), 0U);
}

TEST(ClientTls, says_which_trust_cannot_be_read) {
    const auto made = net::ClientTls::make({.ca_file = "/nonexistent/ca.pem", .ca_dir = {}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::invalid_configuration);
    EXPECT_TRUE(made.error().detail.contains("/nonexistent/ca.pem"));
    EXPECT_TRUE(net::ClientTls::make({}));
}

}  // namespace
}  // namespace net_test
