#include "net/http_writer.h"

#include <boost/beast/http/error.hpp>  // status.hpp does not include all it needs
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace net {
namespace {

constexpr std::array<std::string_view, 6> framing_names{
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date", "Host"};

bool is_visible(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

void append_headers(std::string& out, const Headers& headers) {
    for (const auto& [name, value] : headers) {
        if (std::ranges::any_of(framing_names, [&](std::string_view framing) { return same_token(name, framing); })) continue;
        out.append(name).append(": ").append(value).append("\r\n");
    }
}

void append_number(std::string& out, std::uint64_t number, int base) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    out.append(digits.data(), end);
}

void append_length(std::string& out, const std::optional<std::uint64_t>& length) {
    if (!length) return;
    out.append("Content-Length: ");
    append_number(out, *length, 10);
    out.append("\r\n");
}

}  // namespace

std::string write_response_head(const ResponseHead& head, const ResponseFraming& framing, std::string_view date) {
    const auto status = boost::beast::http::int_to_status(head.status);
    const auto reason = status == boost::beast::http::status::unknown ? "" : boost::beast::http::obsolete_reason(status);
    std::string out;
    out.reserve(512);
    out.append("HTTP/1.1 ");
    append_number(out, head.status, 10);
    out.append(" ").append(reason.data(), reason.size()).append("\r\nDate: ").append(date).append("\r\n");
    append_headers(out, head.headers);
    append_length(out, framing.content_length);
    if (framing.chunked) out.append("Transfer-Encoding: chunked\r\n");
    if (framing.close) out.append("Connection: close\r\n");
    if (framing.keep_alive) out.append("Connection: keep-alive\r\n");
    out.append("\r\n");
    return out;
}

std::string write_request_head(std::string_view method, std::string_view target, const Headers& headers,
                               const RequestFraming& framing) {
    if (!is_visible(method) || !is_visible(target)) throw std::invalid_argument("a request line has a control character");
    std::string out;
    out.reserve(512);
    out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(framing.host).append("\r\n");
    append_headers(out, headers);
    append_length(out, framing.content_length);
    out.append("\r\n");
    return out;
}

void append_chunk(std::string& out, std::string_view piece) {
    out.reserve(out.size() + piece.size() + 20);
    append_number(out, piece.size(), 16);
    out.append("\r\n").append(piece).append("\r\n");
}

}  // namespace net
