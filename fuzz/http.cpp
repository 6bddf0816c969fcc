// Our edges around Beast's HTTP/1.1 parser: what is let through can be read in one way only, however it is split.
//   byte: which side, and what is expected · byte: how to split · what came over the connection
#include "net/http_parser.h"
#include "support.h"

#include <algorithm>
#include <optional>

namespace {

using fuzz::require;

constexpr std::size_t head_size_max = 1024;
constexpr std::size_t headers_count_max = 20;
constexpr std::uint64_t body_size_max = 256;

// What one message came to be. `used` is what of the connection's bytes belongs to it.
struct Message {
    std::string head;  // as it was understood, in one spelling
    std::string body;
    std::size_t used = 0;
    bool done = false;
    std::optional<base::ErrorKind> failure;
};

std::string spelt(const net::Headers& headers) {
    std::string text;
    for (const net::Header& header : headers) {
        const auto odd = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
        require(std::ranges::none_of(header.name + header.value, odd), "no header hides another one");
        text += header.name + ":" + header.value + "\n";
    }
    return text;
}

// As connections do it: the head when it is whole, then the body, whose unused bytes come again.
template <class Parser, class ReadHead>
Message read(const std::vector<std::string_view>& pieces, const ReadHead& read_head) {
    Message message;
    net::HeadScan scan;
    std::optional<Parser> parser;
    std::string pending;
    for (const std::string_view piece : pieces) {
        pending += piece;
        if (!parser) {
            const auto verdict = scan.scan(pending, head_size_max);
            if (verdict == net::HeadScan::Verdict::more) continue;
            if (verdict != net::HeadScan::Verdict::complete) {
                message.failure = verdict == net::HeadScan::Verdict::too_large ? base::ErrorKind::headers_too_large
                                                                               : base::ErrorKind::bad_request;
                return message;
            }
            parser.emplace();
            message.failure = read_head(*parser, std::string_view(pending).substr(0, scan.size()), message.head);
            if (message.failure) return message;
            message.used = scan.size();
            pending.erase(0, scan.size());
        }
        const auto used = parser->parse_body(pending, message.body);
        if (!used) {
            message.failure = used.error().kind;
            return message;
        }
        require(*used <= pending.size(), "no more is used than there is");
        message.used += *used;
        pending.erase(0, *used);
        message.done = parser->done();
        if (message.done) return message;
    }
    return message;
}

Message read_request(const std::vector<std::string_view>& pieces) {
    return read<net::RequestParser>(
        pieces, [](net::RequestParser& parser, std::string_view block, std::string& out) -> std::optional<base::ErrorKind> {
            const auto head = parser.parse_head(block, {.headers_count_max = headers_count_max});
            if (!head) return head.error().kind;
            require(head->target.starts_with('/') || (head->target == "*" && head->method == "OPTIONS"), "a target is a path");
            const std::size_t hosts = head->headers.count("Host");
            require(hosts == 1 || (hosts == 0 && parser.http_1_0()), "there is one host");
            require(head->headers.count("Content-Length") + head->headers.count("Transfer-Encoding") <= 1,
                    "a body ends in one way");
            require(head->headers.size() <= headers_count_max, "headers are counted");
            out = head->method + " " + head->target + "\n" + spelt(head->headers);
            if (const auto limited = parser.limit_body(body_size_max); !limited) return limited.error().kind;
            return std::nullopt;
        });
}

Message read_response(const std::vector<std::string_view>& pieces, bool body_expected) {
    return read<net::ResponseParser>(
        pieces, [&](net::ResponseParser& parser, std::string_view block, std::string& out) -> std::optional<base::ErrorKind> {
            const auto head =
                parser.parse_head(block, {.headers_count_max = headers_count_max, .body_expected = body_expected});
            if (!head) return head.error().kind;
            require(head->status >= 100 && head->status <= 999 && head->status != 101, "a status is one");
            out = std::to_string(head->status) + "\n" + spelt(head->headers);
            return std::nullopt;
        });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::uint8_t choice = input.byte();
    const std::uint8_t split = input.byte();
    const std::string_view bytes = input.rest();
    const bool request = choice % 2 == 0;
    const auto read_pieces = [&](const std::vector<std::string_view>& pieces) {
        return request ? read_request(pieces) : read_response(pieces, choice % 4 == 1);
    };
    const Message whole = read_pieces({bytes});
    const Message cut = read_pieces(fuzz::pieces(bytes, split));
    require(whole.failure == cut.failure, "whether a message is refused does not depend on how it is split");
    require(whole.head == cut.head, "a head does not depend on how it is split");
    if (request) require(whole.body.size() <= body_size_max, "a body is bounded");
    if (whole.failure) return 0;  // how much of the body came before the refusal does depend on it
    require(whole.body == cut.body && whole.done == cut.done, "a body does not depend on how it is split");
    require(!whole.done || whole.used == cut.used, "where a message ends does not depend on how it is split");
    return 0;
}
