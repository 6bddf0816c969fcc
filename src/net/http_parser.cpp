#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <utility>

namespace net {
namespace {

namespace http = boost::beast::http;

// Chunk headers and trailers that are longer than this are nobody's honest body.
constexpr std::size_t chunk_header_max = 16 * 1024;

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// uri-host [ ":" port ] by its characters (RFC 9110 §7.2, RFC 3986 §3.2.2).
bool is_host(std::string_view text) {
    constexpr std::string_view others = "-._~%!$&'()*+,;=:[]";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || others.contains(c);
    });
}

bool has_bare_line_feed(std::string_view text) {
    for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
        if (at == 0 || text[at - 1] != '\r') return true;
    }
    return false;
}

}  // namespace

HeadScan::Verdict HeadScan::scan(std::string_view bytes, std::size_t size_max) {
    // Nothing that begins like this can become a message: TLS on a plain port, for instance.
    if (!bytes.empty() && bytes.front() <= ' ' && bytes.front() != '\r') return Verdict::malformed;
    while (true) {
        const auto end = bytes.find('\n', scanned_);
        if (end == std::string_view::npos) {
            scanned_ = bytes.size();
            return scanned_ > size_max ? Verdict::too_large : Verdict::more;
        }
        if (end >= size_max) return Verdict::too_large;
        if (end == line_start_ || bytes[end - 1] != '\r') return Verdict::malformed;
        const auto line = bytes.substr(line_start_, end - 1 - line_start_);
        line_start_ = end + 1;
        scanned_ = end + 1;
        if (line.empty()) return Verdict::complete;
        if (line.front() == ' ' || line.front() == '\t') return Verdict::malformed;
    }
}

template <bool is_request>
MessageParser<is_request>::MessageParser() {
    this->body_limit(boost::none);
    this->header_limit(UINT32_MAX);
    this->eager(true);
}

template <bool is_request>
base::Result<void> MessageParser<is_request>::parse_block(std::string_view block, std::size_t headers_count_max) {
    headers_count_max_ = headers_count_max;
    ErrorCode error;
    const auto used = this->put(boost::asio::buffer(block.data(), block.size()), error);
    if (error) return fail(problem_.empty() ? error.message() : problem_);
    if (!head_done_ || used != block.size()) return fail("the head is incomplete");
    return {};
}

template <bool is_request>
base::Result<std::size_t> MessageParser<is_request>::parse_body(std::string_view bytes, std::string& out) {
    if (this->is_done() || bytes.empty()) return 0;
    out_ = &out;
    ErrorCode error;
    const auto used = this->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    out_ = nullptr;
    if (error == http::error::need_more) {
        const auto rest = bytes.substr(used);
        if (rest.size() > chunk_header_max) return fail("a chunk's header or the trailer is too long");
        if (has_bare_line_feed(rest)) return fail("a chunk's header ends with a line feed alone");
        return used;
    }
    if (error) return fail(problem_.empty() ? error.message() : problem_);
    return used;
}

template <bool is_request>
std::unexpected<base::Error> MessageParser<is_request>::fail(std::string_view problem) const {
    if constexpr (is_request) {
        if (too_large_) return base::fail(base::ErrorKind::too_large, std::string(problem));
        return base::fail(base::ErrorKind::bad_request, "this is not a valid HTTP request: " + std::string(problem));
    } else {
        return base::fail(base::ErrorKind::upstream_broken, "the upstream's reply is not valid HTTP: " + std::string(problem));
    }
}

template <bool is_request>
void MessageParser<is_request>::refuse(ErrorCode& error, std::string problem) {
    problem_ = std::move(problem);
    error = http::error::bad_field;
}

template <bool is_request>
void MessageParser<is_request>::on_field_impl(http::field field, View name, View value, ErrorCode& error) {
    if (head_done_) return;  // a trailer: Beast has checked it, nobody here uses it
    if (headers_.size() >= headers_count_max_) return refuse(error, "too many headers");
    if (field == http::field::transfer_encoding && (!same_token(view(value), "chunked") || version_ < 11)) {
        return refuse(error, "Transfer-Encoding can only be \"chunked\", in HTTP/1.1");
    }
    if (field == http::field::content_length && (!is_digits(view(value)) || headers_.contains("Content-Length"))) {
        return refuse(error, "Content-Length must be one number, once");
    }
    headers_.add(std::string(view(name)), std::string(view(value)));
}

template <bool is_request>
std::size_t MessageParser<is_request>::on_body_impl(View piece, ErrorCode&) {
    out_->append(view(piece));
    return piece.size();
}

template <bool is_request>
void MessageParser<is_request>::on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& error) {
    // Only quoted strings can hold such bytes; other parsers may see the end of a line in them.
    if (std::ranges::any_of(view(extensions), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; })) {
        return refuse(error, "a chunk extension has a control character");
    }
    if (size > body_size_max_ - body_size_) {
        too_large_ = true;
        return refuse(error, "the body is larger than the limit of " + std::to_string(body_size_max_) + " bytes");
    }
    body_size_ += size;
}

template <bool is_request>
std::size_t MessageParser<is_request>::on_chunk_body_impl(std::uint64_t, View piece, ErrorCode&) {
    out_->append(view(piece));
    return piece.size();
}

template class MessageParser<true>;
template class MessageParser<false>;

base::Result<RequestHead> RequestParser::parse_head(std::string_view block, Limits limits) {
    if (auto parsed = parse_block(block, limits.headers_count_max); !parsed) return std::unexpected(parsed.error());
    if (auto checked = check_host(); !checked) return std::unexpected(checked.error());
    if (auto checked = check_target(); !checked) return std::unexpected(checked.error());
    const auto expectation = headers_.find("Expect");
    expects_continue_ = !http_1_0() && expectation && same_token(*expectation, "100-continue");
    return RequestHead{std::move(method_), std::move(target_), std::move(headers_)};
}

base::Result<void> RequestParser::check_host() {
    const auto count = headers_.count("Host");
    if (count > 1 || (count == 0 && !http_1_0())) return fail("it needs exactly one Host header");
    if (count == 1 && !is_host(*headers_.find("Host"))) return fail("its Host header is not a host name");
    return {};
}

// RFC 9112 §3.2: origin form, absolute form (whose authority then replaces Host), or "*" for OPTIONS.
base::Result<void> RequestParser::check_target() {
    if (!is_visible(target_) || target_.contains('#')) return fail("its target has characters that must be escaped");
    if (target_.starts_with('/')) return {};
    if (target_ == "*" && method_ == "OPTIONS") return {};
    const auto scheme_end = target_.find("://");
    if (scheme_end == std::string::npos) return fail("its target is not a path");
    const auto scheme = std::string_view(target_).substr(0, scheme_end);
    if (!same_token(scheme, "http") && !same_token(scheme, "https")) return fail("its target has an unknown scheme");
    const auto authority_start = scheme_end + 3;
    const auto path_start = std::min(target_.find_first_of("/?", authority_start), target_.size());
    auto authority = target_.substr(authority_start, path_start - authority_start);
    if (!is_host(authority)) return fail("its target names no valid host");
    headers_.set("Host", std::move(authority));
    target_.erase(0, path_start);
    if (!target_.starts_with('/')) target_.insert(0, "/");
    return {};
}

base::Result<void> RequestParser::limit_body(std::uint64_t size_max) {
    body_size_max_ = size_max;
    if (declared_size() <= size_max) return {};
    too_large_ = true;
    return fail("the body of " + std::to_string(declared_size()) + " bytes is larger than the limit of " +
                std::to_string(size_max) + " bytes");
}

void RequestParser::on_request_impl(http::verb, View method, View target, int version, ErrorCode&) {
    method_ = view(method);
    target_ = view(target);
    version_ = version;
}

base::Result<ResponseHead> ResponseParser::parse_head(std::string_view block, Limits limits) {
    if (!limits.body_expected) this->skip(true);
    if (auto parsed = parse_block(block, limits.headers_count_max); !parsed) return std::unexpected(parsed.error());
    if (status_ == 101 || status_ < 100) return fail("a status that nobody asked for");
    return ResponseHead{status_, std::move(headers_)};
}

base::Result<void> ResponseParser::parse_end() {
    ErrorCode error;
    this->put_eof(error);
    if (error) return fail("it was cut short");
    return {};
}

void ResponseParser::on_response_impl(int code, View, int version, ErrorCode&) {
    status_ = static_cast<unsigned>(code);
    version_ = version;
}

}  // namespace net
