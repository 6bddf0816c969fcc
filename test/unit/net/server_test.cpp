#include "fixture.h"

namespace net_test {
namespace {

using base::ErrorKind;

class Server : public ServerFixture {};

TEST_F(Server, answers_requests_one_after_the_other_on_one_connection) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").ends_with("GET /a |"));
    client.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz");
    EXPECT_TRUE(client.read_until("|").ends_with("POST /b xyz|"));
    client.send(
        "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nTrailer: t\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").ends_with("POST /c abcde|"));
    client.send("GET /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto last = client.read_all();
    EXPECT_TRUE(last.ends_with("GET /d |"));
    EXPECT_TRUE(last.contains("Connection: close\r\n"));
    EXPECT_TRUE(last.contains("\r\nDate: "));
}

TEST_F(Server, answers_pipelined_requests_in_their_order) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    std::string together;
    for (int i = 0; i < 50; ++i) {
        together += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb";
    }
    client.send(together);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(client.read_until("|").ends_with("POST /" + std::to_string(i) + " b|")) << i;
}

TEST_F(Server, understands_a_request_that_comes_byte_by_byte) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    const std::string request =
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
    for (const char byte : request) client.send({&byte, 1});
    EXPECT_TRUE(client.read_until("|").ends_with("POST /x abc0123456789|"));
}

TEST_F(Server, refuses_a_declared_body_over_the_limit_before_it_is_sent) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n");
    const auto reply = client.read_until("\r\n\r\n");
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(reply.contains("Connection: close\r\n"));
}

TEST_F(Server, refuses_a_chunked_body_as_soon_as_it_passes_the_limit) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n");
    EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST_F(Server, says_continue_only_when_the_body_is_wanted) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        if (exchange.request().target == "/wanted") co_return co_await echo(exchange);
        (void)co_await exchange.reply({403, {}}, "no|");
    };
    start();
    RawClient wanted(port);
    wanted.send("POST /wanted HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(wanted.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    wanted.send("ab");
    EXPECT_TRUE(wanted.read_until("|").ends_with("POST /wanted ab|"));
    RawClient unwanted(port);
    unwanted.send("POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_TRUE(unwanted.read_all().starts_with("HTTP/1.1 403 "));
}

TEST_F(Server, lets_a_client_that_is_still_sending_read_an_early_reply) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        (void)co_await exchange.reply({413, {}}, "too large");
    };
    start();
    RawClient client(port);
    const std::string body(16 << 20, 'x');
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    EXPECT_TRUE(client.send(body));
    client.close_sending_side();
    EXPECT_TRUE(client.read_all().ends_with("too large"));
    EXPECT_FALSE(client.reset());
}

TEST_F(Server, cancels_the_exchange_when_the_client_leaves) {
    std::promise<net::Wake> woken;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        woken.set_value(co_await net::sleep(exchange.loop(), soon(), exchange.cancellation()));
    };
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.close();
    EXPECT_EQ(woken.get_future().get(), net::Wake::cancelled);
}

TEST_F(Server, cancels_the_exchange_when_the_client_resets_after_its_body_was_read) {
    std::promise<void> reading;
    std::promise<net::Wake> woken;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        (void)co_await exchange.read_body(10);
        reading.set_value();
        woken.set_value(co_await net::sleep(exchange.loop(), soon(), exchange.cancellation()));
    };
    start();
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    reading.get_future().get();
    const ::linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    client.close();
    EXPECT_EQ(woken.get_future().get(), net::Wake::cancelled);
}

TEST_F(Server, keeps_what_is_pipelined_while_a_request_is_being_answered) {
    std::promise<void> begun;
    std::promise<void> sent;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        if (exchange.request().target == "/first") {
            begun.set_value();
            sent.get_future().get();  // the bytes are in the socket: blocking here only delays the loop of this test
            net::Cancellation never;
            (void)co_await net::sleep(exchange.loop(), net::Clock::now() + 20ms, never);
            EXPECT_FALSE(exchange.cancellation().cancelled());
        }
        co_await echo(exchange);
    };
    start();
    RawClient client(port);
    client.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
    begun.get_future().get();
    client.send("GET /second HTTP/1.1\r\nHost: h\r\n\r\n");
    sent.set_value();
    EXPECT_TRUE(client.read_until("|").ends_with("GET /first |"));
    EXPECT_TRUE(client.read_until("|").ends_with("GET /second |"));
}

net::Task<void> stream_two_pieces(net::Exchange& exchange) {
    (void)co_await exchange.begin_stream({200, {{"Content-Type", "text/event-stream"}}});
    (void)co_await exchange.write("one");
    (void)co_await exchange.write("");
    (void)co_await exchange.write("twotwotwotwotwotwo");
    if (exchange.request().target == "/cut") co_return exchange.abort();
    (void)co_await exchange.end_stream();
}

TEST_F(Server, streams_in_chunks) {
    handler.on_request = stream_two_pieces;
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_until("\r\n\r\n").contains("\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "3\r\none\r\n12\r\ntwotwotwotwotwotwo\r\n0\r\n\r\n");
    client.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto cut = client.read_all();
    EXPECT_TRUE(cut.ends_with("12\r\ntwotwotwotwotwotwo\r\n")) << cut;
}

TEST_F(Server, streams_to_http_1_0_until_the_connection_ends) {
    handler.on_request = stream_two_pieces;
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto reply = client.read_all();
    EXPECT_TRUE(reply.ends_with("\r\n\r\nonetwotwotwotwotwotwo"));
    EXPECT_FALSE(reply.contains("chunked"));
    EXPECT_FALSE(client.reset());
    RawClient other(port);
    other.send("GET /cut HTTP/1.0\r\n\r\n");
    (void)other.read_all();
    EXPECT_TRUE(other.reset());
}

TEST_F(Server, keeps_an_http_1_0_connection_that_asks_for_it) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").contains("\r\nConnection: keep-alive\r\n"));
    client.send("GET /b HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("GET /b |"));
}

TEST_F(Server, answers_HEAD_without_a_body) {
    handler.on_request = echo;
    start();
    RawClient client(port);
    client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto both = client.read_until("|");
    EXPECT_TRUE(both.contains("\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n")) << both;
}

TEST_F(Server, takes_an_absolute_target_apart) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        const auto text = exchange.request().target + " at " + std::string(*exchange.request().headers.find("host")) + "|";
        (void)co_await exchange.reply({200, {}}, text);
    };
    start();
    RawClient client(port);
    client.send("GET http://real.example:80/path?q=1 HTTP/1.1\r\nHost: other\r\n\r\n");
    EXPECT_TRUE(client.read_until("|").ends_with("/path?q=1 at real.example:80|"));
}

TEST_F(Server, closes_when_the_handler_does_not_answer) {
    handler.on_request = [](net::Exchange&) -> net::Task<void> { co_return; };
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.read_all(), "");
    EXPECT_FALSE(client.timed_out());
}

TEST_F(Server, reports_an_exception_and_closes_that_connection_only) {
    handler.on_request = [](net::Exchange& exchange) -> net::Task<void> {
        if (exchange.request().target == "/throw") throw std::runtime_error("a bug");
        co_await echo(exchange);
    };
    start();
    RawClient other(port);
    other.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)other.read_until("|");
    auto escape = threads.next_escape();
    RawClient client(port);
    client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.read_all(), "");
    EXPECT_EQ(escape.get(), "a bug");
    other.send("GET /still HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(other.read_until("|").ends_with("GET /still |"));
}

TEST_F(Server, refuses_headers_over_the_limit) {
    handler.on_request = echo;
    settings.headers_size_max = 2000;
    settings.headers_count_max = 10;
    start();
    RawClient large(port);
    large.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x'));
    EXPECT_TRUE(large.read_all().starts_with("HTTP/1.1 431 "));
    RawClient many(port);
    std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 10; ++i) head += "X: y\r\n";
    many.send(head + "\r\n");
    EXPECT_TRUE(many.read_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(Server, ends_a_connection_whose_head_is_too_slow) {
    handler.on_request = echo;
    settings.header_timeout = 50ms;
    start();
    RawClient silent(port);
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_FALSE(silent.timed_out());
    RawClient slow(port);
    slow.send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(slow.read_all(), "");
    EXPECT_FALSE(slow.timed_out());
}

TEST_F(Server, ends_a_connection_that_is_idle_for_too_long) {
    handler.on_request = echo;
    settings.idle_timeout = 50ms;
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("GET / |"));
    EXPECT_FALSE(client.timed_out());
}

TEST_F(Server, gives_up_on_a_body_that_does_not_come) {
    std::promise<ErrorKind> failed;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        failed.set_value((co_await exchange.read_body(10)).error().kind);
    };
    settings.body_stall_timeout = 50ms;
    start();
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx");
    EXPECT_EQ(failed.get_future().get(), ErrorKind::timeout);
    EXPECT_EQ(client.read_all(), "");
}

TEST_F(Server, cuts_off_a_client_that_does_not_read) {
    std::promise<ErrorKind> failed;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        (void)co_await exchange.begin_stream({200, {}});
        while (true) {
            auto written = co_await exchange.write(std::string(1 << 20, 'x'));
            if (written) continue;
            EXPECT_TRUE(exchange.cancellation().cancelled());
            failed.set_value(written.error().kind);
            co_return;
        }
    };
    settings.write_stall_timeout = 50ms;
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(failed.get_future().get(), ErrorKind::timeout);
}

TEST_F(Server, drains_idle_connections_at_once_and_busy_ones_after_their_reply) {
    std::promise<void> begun;
    net::Event go(threads.loop());
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        if (exchange.request().target == "/wait") {
            begun.set_value();
            (void)co_await go.wait(soon(), exchange.cancellation());
        }
        co_await echo(exchange);
    };
    start();
    RawClient idle(port);
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)idle.read_until("|");
    RawClient busy(port);
    busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    begun.get_future().get();
    threads.call([&] { server->drain(); });
    EXPECT_EQ(idle.read_all(), "");
    EXPECT_FALSE(idle.timed_out());
    threads.call([&] { go.notify(); });
    const auto last = busy.read_all();
    EXPECT_TRUE(last.contains("Connection: close\r\n"));
    EXPECT_TRUE(last.ends_with("GET /wait |"));
    EXPECT_TRUE(threads.await<bool>([&] { return server->emptied(soon()); }));
    EXPECT_THROW(RawClient{port}, std::runtime_error);
}

TEST_F(Server, stops_by_cancelling_what_runs) {
    std::promise<void> begun;
    std::promise<net::Wake> woken;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        begun.set_value();
        woken.set_value(co_await net::sleep(exchange.loop(), soon(), exchange.cancellation()));
    };
    start();
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    begun.get_future().get();
    threads.call([&] { server->stop(); });
    EXPECT_EQ(woken.get_future().get(), net::Wake::cancelled);
    EXPECT_EQ(client.read_all(), "");
}

TEST_F(Server, tells_connections_over_the_limit_why) {
    handler.on_request = echo;
    limit.count_max = 1;
    start();
    RawClient first(port);
    first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)first.read_until("|");
    RawClient second(port);
    second.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto refusal = second.read_all();
    EXPECT_TRUE(refusal.starts_with("HTTP/1.1 503 ")) << refusal;
    EXPECT_TRUE(refusal.contains("Connection: close\r\n"));
    first.send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(first.read_until("|").ends_with("GET /again |"));
}

TEST(Listeners, share_one_free_port_among_threads_but_not_with_others) {
    auto opened = net::open_listeners({"127.0.0.1", 0}, 2);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->sockets.size(), 2U);
    EXPECT_NE(opened->address.port, 0);
    const auto again = net::open_listeners(opened->address, 1);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::invalid_configuration);
    EXPECT_FALSE(net::open_listeners({"203.0.113.1", 0}, 1));
}

}  // namespace
}  // namespace net_test
