// HTTP/1 messages from bytes (RFC 9112). Beast's parser does the parsing; what it lets pass although parsers are known to
// disagree about it (request smuggling) is refused here: folded lines, lists and repetitions of Content-Length, transfer
// codings other than exactly "chunked", missing or repeated Host, odd targets, heads without bounds.
#pragma once

#include "base/result.h"
#include "net/message.h"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace net {

// Finds the end of a head while it comes in, looking at each byte once.
class HeadScan {
public:
    enum class Verdict : std::uint8_t { more, complete, malformed, too_large };

    // `bytes` are all bytes of the message so far.
    [[nodiscard]] Verdict scan(std::string_view bytes, std::size_t size_max);
    // Of the complete head, with its empty line.
    [[nodiscard]] std::size_t size() const { return line_start_; }

private:
    std::size_t line_start_ = 0;
    std::size_t scanned_ = 0;
};

// What requests and responses have in common. Errors are `bad_request` and `too_large` in requests, `upstream_broken` in
// responses.
template <bool is_request>
class MessageParser : protected boost::beast::http::basic_parser<is_request> {
public:
    MessageParser();

    // The next bytes of the body: appends what they hold to `out` and answers how many of them were used. What is left
    // belongs to the next message (if done()) or has to come again with more behind it.
    [[nodiscard]] base::Result<std::size_t> parse_body(std::string_view bytes, std::string& out);
    [[nodiscard]] bool done() const { return this->is_done(); }
    // Both sides can send another message afterwards.
    [[nodiscard]] bool keeps_alive() const { return this->keep_alive(); }
    [[nodiscard]] bool http_1_0() const { return version_ == 10; }

protected:
    using Parser = boost::beast::http::basic_parser<is_request>;
    using ErrorCode = boost::beast::error_code;
    using View = boost::beast::string_view;

    // One complete head, as HeadScan found it.
    [[nodiscard]] base::Result<void> parse_block(std::string_view block, std::size_t headers_count_max);
    [[nodiscard]] std::unexpected<base::Error> fail(std::string_view problem) const;
    // From inside of Beast's callbacks.
    void refuse(ErrorCode& error, std::string problem);

    void on_field_impl(boost::beast::http::field field, View name, View value, ErrorCode& error) override;
    void on_header_impl(ErrorCode&) override { head_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
    std::size_t on_body_impl(View piece, ErrorCode&) override;
    void on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& error) override;
    std::size_t on_chunk_body_impl(std::uint64_t, View piece, ErrorCode&) override;
    void on_finish_impl(ErrorCode&) override {}

    Headers headers_;
    int version_ = 11;
    std::uint64_t body_size_max_ = UINT64_MAX;
    bool too_large_ = false;

private:
    std::string problem_;
    std::size_t headers_count_max_ = 0;
    std::uint64_t body_size_ = 0;
    bool head_done_ = false;
    std::string* out_ = nullptr;
};

class RequestParser final : public MessageParser<true> {
public:
    struct Limits {
        std::size_t headers_count_max;
    };
    [[nodiscard]] base::Result<RequestHead> parse_head(std::string_view block, Limits limits);

    // Refuses a body that is declared longer, before it comes; then each chunk that passes the limit.
    [[nodiscard]] base::Result<void> limit_body(std::uint64_t size_max);
    [[nodiscard]] bool expects_continue() const { return expects_continue_; }
    [[nodiscard]] std::uint64_t declared_size() const { return this->content_length().value_or(0); }

private:
    void on_request_impl(boost::beast::http::verb, View method, View target, int version, ErrorCode&) override;
    void on_response_impl(int, View, int, ErrorCode&) override {}
    [[nodiscard]] base::Result<void> check_host();
    [[nodiscard]] base::Result<void> check_target();

    std::string method_;
    std::string target_;
    bool expects_continue_ = false;
};

class ResponseParser final : public MessageParser<false> {
public:
    struct Limits {
        std::size_t headers_count_max;
        bool body_expected;  // no after HEAD and CONNECT
    };
    [[nodiscard]] base::Result<ResponseHead> parse_head(std::string_view block, Limits limits);
    // The connection ended: fine where that is how the body ends.
    [[nodiscard]] base::Result<void> parse_end();

private:
    void on_request_impl(boost::beast::http::verb, View, View, int, ErrorCode&) override {}
    void on_response_impl(int code, View, int version, ErrorCode&) override;

    unsigned status_ = 0;
};

}  // namespace net
