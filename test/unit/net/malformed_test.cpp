// Requests that parsers are known to read in different ways: each is answered with 400 and the end of the connection, and
// none reaches the handler.
#include "fixture.h"

namespace net_test {
namespace {

struct Shape {
    const char* name;
    std::string request;
};

void PrintTo(const Shape& shape, std::ostream* out) {
    *out << shape.name;
}

const std::string intro = "POST / HTTP/1.1\r\nHost: h\r\n";

std::vector<Shape> shapes() {
    return {
        {"length_and_chunked", intro + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunked_and_length", intro + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
        {"two_lengths", intro + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
        {"two_equal_lengths", intro + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
        {"a_list_of_lengths", intro + "Content-Length: 3, 3\r\n\r\nabc"},
        {"a_signed_length", intro + "Content-Length: +3\r\n\r\nabc"},
        {"a_negative_length", intro + "Content-Length: -1\r\n\r\n"},
        {"a_hexadecimal_length", intro + "Content-Length: 0x3\r\n\r\nabc"},
        {"an_empty_length", intro + "Content-Length:\r\n\r\n"},
        {"an_endless_length", intro + "Content-Length: 99999999999999999999\r\n\r\n"},
        {"an_unknown_coding", intro + "Transfer-Encoding: gzip\r\n\r\n"},
        {"chunked_is_not_last", intro + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
        {"chunked_is_not_alone", intro + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"chunked_twice", intro + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"chunked_in_quotes", intro + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"},
        {"chunked_with_a_vertical_tab", intro + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"},
        {"chunked_in_http_1_0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"space_before_colon", intro + "Content-Length : 3\r\n\r\nabc"},
        {"a_folded_header", intro + "X: a\r\n b\r\n\r\n"},
        {"a_folded_coding", intro + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"},
        {"a_space_before_the_first_header", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
        {"bare_line_feeds", "GET / HTTP/1.1\nHost: h\n\n"},
        {"one_bare_line_feed", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"},
        {"a_bare_carriage_return", intro + "X: a\rb\r\n\r\n"},
        {"a_nul_in_a_value", intro + std::string("X: a\0b\r\n\r\n", 10)},
        {"a_nul_in_a_name", intro + std::string("X\0Y: a\r\n\r\n", 10)},
        {"a_header_without_name", intro + ": a\r\n\r\n"},
        {"a_header_without_colon", intro + "Header\r\n\r\n"},
        {"a_header_in_utf8", intro + "N\xC3\xA4me: a\r\n\r\n"},
        {"no_host", "GET / HTTP/1.1\r\n\r\n"},
        {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
        {"an_empty_host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {"a_host_with_a_path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {"a_host_with_a_user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"},
        {"a_host_with_a_space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {"no_version", "GET /\r\nHost: h\r\n\r\n"},
        {"version_0_9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n"},
        {"version_1_2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n"},
        {"version_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {"two_spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a_tab_for_a_space", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a_space_in_the_target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a_byte_in_the_target", "GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a_fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a_relative_target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an_asterisk", "GET * HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"an_authority", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"},
        {"another_scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"no_method", " / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"a_method_in_brackets", "(GET) / HTTP/1.1\r\nHost: h\r\n\r\n"},
        {"tls_on_a_plain_port", std::string("\x16\x03\x01\x00\x05hello", 10)},
    };
}

class Malformed : public ServerFixture, public testing::WithParamInterface<Shape> {};

TEST_P(Malformed, request_is_refused_and_ends_the_connection) {
    bool reached = false;
    handler.on_request = [&](net::Exchange& exchange) -> net::Task<void> {
        reached = true;
        co_await echo(exchange);
    };
    ServerFixture::start();
    RawClient client(port);
    client.send(GetParam().request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    client.close_sending_side();
    const auto reply = client.read_all();
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 Bad Request\r\n")) << reply;
    EXPECT_TRUE(reply.contains("\r\nConnection: close\r\n"));
    EXPECT_EQ(reply.find("HTTP/1.1 ", 8), std::string::npos) << "a second answer: " << reply;
    EXPECT_FALSE(client.timed_out());
    EXPECT_FALSE(reached);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Malformed, testing::ValuesIn(shapes()),
                         [](const testing::TestParamInfo<Shape>& info) { return std::string(info.param.name); });

class MalformedBody : public ServerFixture, public testing::WithParamInterface<Shape> {};

std::vector<Shape> bodies() {
    return {
        {"no_size", "\r\nabc\r\n0\r\n\r\n"},
        {"a_size_that_is_no_number", "xyz\r\nabc\r\n0\r\n\r\n"},
        {"a_negative_size", "-3\r\nabc\r\n0\r\n\r\n"},
        {"a_prefixed_size", "0x3\r\nabc\r\n0\r\n\r\n"},
        {"an_endless_size", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"},
        {"a_space_before_the_size", " 3\r\nabc\r\n0\r\n\r\n"},
        {"a_short_chunk", "5\r\nabc\r\n0\r\n\r\n"},
        {"a_long_chunk", "2\r\nabc\r\n0\r\n\r\n"},
        {"bare_line_feeds", "3\nabc\n0\n\n"},
        {"a_line_feed_in_an_extension", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"},
        {"an_endless_extension", "3;" + std::string(100'000, 'a')},
        {"an_endless_trailer", "0\r\nX: " + std::string(100'000, 'a')},
        {"a_length_in_the_trailer", "0\r\nContent-Length: 5\r\n\r\n"},
    };
}

TEST_P(MalformedBody, is_refused_and_ends_the_connection) {
    handler.on_request = echo;
    ServerFixture::start();
    RawClient client(port);
    client.send(intro + "Transfer-Encoding: chunked\r\n\r\n" + GetParam().request);
    const auto reply = client.read_until("\r\n\r\n");
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 ")) << reply;
    EXPECT_TRUE(reply.contains("\r\nConnection: close\r\n"));
}

INSTANTIATE_TEST_SUITE_P(Chunks, MalformedBody, testing::ValuesIn(bodies()),
                         [](const testing::TestParamInfo<Shape>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace net_test
