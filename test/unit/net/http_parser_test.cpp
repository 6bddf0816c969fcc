#include "net/http_parser.h"

#include <gtest/gtest.h>

namespace {

constexpr std::string_view chunked_head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

// Feeds a body in two parts as a connection does: what was not used comes again with the rest behind it.
std::string parse_in_two(std::string_view body, std::size_t cut) {
    net::RequestParser parser;
    EXPECT_TRUE(parser.parse_head(chunked_head, {.headers_count_max = 10}));
    std::string out;
    std::string input(body.substr(0, cut));
    const auto used = parser.parse_body(input, out);
    EXPECT_TRUE(used);
    input.erase(0, *used);
    input += body.substr(cut);
    const auto rest = parser.parse_body(input, out);
    EXPECT_TRUE(rest);
    EXPECT_TRUE(parser.done());
    return out + "/" + input.substr(*rest);
}

TEST(http_parser, a_chunked_body_means_the_same_wherever_it_is_cut) {
    constexpr std::string_view body = "3\r\nabc\r\n0a;x=\"y\"\r\n0123456789\r\n000\r\nT: t\r\n\r\nGET /next";
    for (std::size_t cut = 0; cut <= body.find("GET"); ++cut)
        EXPECT_EQ(parse_in_two(body, cut), "abc0123456789/GET /next") << cut;
}

TEST(http_parser, a_head_is_found_wherever_it_is_cut) {
    const std::string head(chunked_head);
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        net::HeadScan scan;
        ASSERT_EQ(scan.scan(head.substr(0, cut), 1000), net::HeadScan::Verdict::more) << cut;
        ASSERT_EQ(scan.scan(head + "rest", 1000), net::HeadScan::Verdict::complete) << cut;
        ASSERT_EQ(scan.size(), head.size());
    }
}

TEST(http_parser, a_head_may_have_exactly_the_size_that_is_allowed) {
    const std::string head(chunked_head);
    EXPECT_EQ(net::HeadScan().scan(head, head.size()), net::HeadScan::Verdict::complete);
    EXPECT_EQ(net::HeadScan().scan(head, head.size() - 1), net::HeadScan::Verdict::too_large);
    EXPECT_EQ(net::HeadScan().scan(std::string(11, 'x'), 10), net::HeadScan::Verdict::too_large);
}

std::string read_response(std::string_view head, std::string_view body) {
    net::ResponseParser parser;
    const auto parsed = parser.parse_head(head, {.headers_count_max = 10, .body_expected = true});
    if (!parsed) return "refused";
    std::string out;
    const auto used = parser.parse_body(body, out);
    if (!used) return "broken";
    if (!parser.done() && !parser.parse_end()) return "cut";
    return std::to_string(parsed->status) + " " + out;
}

TEST(http_parser, a_response_ends_where_its_head_says) {
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "abcdef"), "200 abc");
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "ab"), "cut");
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n"), "200 abc");
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n"), "cut");
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\n\r\n", "abc"), "200 abc");
    EXPECT_EQ(read_response("HTTP/1.1 204 No Content\r\n\r\n", ""), "204 ");
    EXPECT_EQ(read_response("HTTP/1.0 502 \r\n\r\n", "abc"), "502 abc");
}

TEST(http_parser, a_response_that_can_be_read_in_two_ways_is_refused) {
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", ""), "refused");
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", ""), "refused");
    EXPECT_EQ(read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ""), "refused");
    EXPECT_EQ(read_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ""), "refused");
    EXPECT_EQ(read_response("HTTP/3.0 200 OK\r\n\r\n", ""), "refused");
    EXPECT_EQ(read_response("ICY 200 OK\r\n\r\n", ""), "refused");
}

}  // namespace
