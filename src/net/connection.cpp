#include "net/connection.h"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace net {
namespace {

using base::ErrorKind;
using base::fail;

// What a client may send ahead while its request is being answered.
constexpr std::size_t pipelined_max = 64 * base::limits::KiB;
// Bodies grow into more than this only as their bytes come.
constexpr std::size_t body_reserve_max = 256 * base::limits::KiB;
// A head and this much of its body go out in one piece.
constexpr std::size_t joined_max = 16 * base::limits::KiB;
// A client that sends on after an early reply is read this far, so that it gets to the reply.
constexpr std::size_t linger_size_max = 128 * base::limits::MiB;
// Buffers larger than this are given back when a connection becomes idle.
constexpr std::size_t idle_capacity_max = 256;

}  // namespace

Connection::Connection(ConnectionContext& context, std::unique_ptr<Stream> stream, Origin origin)
    : context_(context), stream_(std::move(stream)), origin_(origin) {}

Task<void> Connection::run() {
    if (co_await shake_hands(*stream_, Clock::now() + context_.settings.header_timeout) != Outcome::done) co_return;
    while (co_await serve_one()) {
    }
    co_await close();
}

void Connection::close_if_idle() {
    if (idle_) stream_->socket().interrupt();
}

void Connection::stop() {
    stopped_ = true;
    if (cancellation_) cancellation_->cancel();
    stream_->socket().interrupt();
}

// Answers whether another request may follow.
Task<bool> Connection::serve_one() {
    auto progress = co_await read_head();
    if (progress == Progress::closed) co_return false;
    if (progress == Progress::request && origin_.over_limit) {
        refusal_ = {ErrorKind::overloaded, "too many connections are open"};
        progress = Progress::refused;
    }
    begin_exchange();
    if (progress == Progress::request) {
        co_await context_.handler.handle(*this);
    } else {
        keep_alive_ = false;
        co_await context_.handler.reject(*this, refusal_);
    }
    stream_->socket().unwatch();
    if (reply_ == Reply::streaming) abort();  // nobody finished it: the client must see that it was cut
    co_return reply_ == Reply::complete&& keep_alive_ && !context_.draining && !stopped_;
}

Task<Connection::Progress> Connection::read_head() {
    request_ = {};
    parser_.reset();
    http_1_0_ = false;
    if (!co_await await_request()) co_return Progress::closed;
    first_ = false;

    HeadScan scan;
    const auto until = Clock::now() + context_.settings.header_timeout;
    if (input_.starts_with("\r\n")) input_.erase(0, 2);  // RFC 9112 §2.2: one is tolerated
    while (true) {
        const auto verdict = scan.scan(input_, context_.settings.headers_size_max);
        if (verdict == HeadScan::Verdict::complete) break;
        if (verdict == HeadScan::Verdict::malformed) {
            refusal_ = {ErrorKind::bad_request, "this is not a valid HTTP request: its lines are broken or folded"};
            co_return Progress::refused;
        }
        if (verdict == HeadScan::Verdict::too_large) {
            refusal_ = {ErrorKind::headers_too_large, "the request's headers are larger than " +
                                                          std::to_string(context_.settings.headers_size_max) + " bytes"};
            co_return Progress::refused;
        }
        const auto received = co_await receive(*stream_, until);
        if (received.outcome != Outcome::done) co_return Progress::closed;
        input_.append(loop().scratch().data(), received.count);
    }
    auto rest = input_.substr(scan.size());
    input_.resize(scan.size());
    const bool parsed = parse_head();
    input_ = std::move(rest);
    co_return parsed ? Progress::request : Progress::refused;
}

// The first byte of a request, or the end of the connection.
Task<bool> Connection::await_request() {
    if (!input_.empty()) {
        // Requests that were sent together do not keep other connections waiting.
        co_await asio::post(loop().executor(), use_task);
        co_return !stopped_;
    }
    if (input_.capacity() > idle_capacity_max) std::string().swap(input_);
    const auto timeout = first_ ? context_.settings.header_timeout : context_.settings.idle_timeout;
    idle_ = true;
    const auto received = co_await receive(*stream_, Clock::now() + timeout);
    idle_ = false;
    if (received.outcome != Outcome::done) co_return false;
    input_.append(loop().scratch().data(), received.count);
    co_return true;
}

bool Connection::parse_head() {
    parser_.emplace();
    auto head = parser_->parse_head(input_, {.headers_count_max = context_.settings.headers_count_max});
    if (!head) {
        refusal_ = head.error();
        parser_.reset();
        return false;
    }
    request_ = std::move(*head);
    http_1_0_ = parser_->http_1_0();
    keep_alive_ = parser_->keeps_alive();
    return true;
}

void Connection::begin_exchange() {
    cancellation_.emplace();
    reply_ = Reply::none;
    if (parser_ && parser_->done()) watch_client();
}

void Connection::watch_client() {
    stream_->socket().watch([this] { client_sent_something(); });
    if (stream_->unread()) client_sent_something();
}

void Connection::client_sent_something() {
    do {
        const auto io = stream_->read_available(loop().scratch());
        input_.append(loop().scratch().data(), io.status == IoStatus::done ? io.count : 0);
        // One that sends on and on without waiting for an answer could not be watched for its leaving any more.
        if (io.status == IoStatus::end || io.status == IoStatus::failed || input_.size() > pipelined_max) {
            stream_->socket().unwatch();
            keep_alive_ = false;
            cancellation_->cancel();
            return;
        }
        if (io.status != IoStatus::done) return;
    } while (stream_->unread());
}

Task<base::Result<std::string>> Connection::read_body(std::size_t size_max) {
    if (!parser_) co_return fail(ErrorKind::bad_request, "there is no request");
    if (auto limited = parser_->limit_body(size_max); !limited) co_return std::unexpected(limited.error());
    std::string body;
    if (parser_->done()) co_return body;
    body.reserve(std::min<std::uint64_t>(parser_->declared_size(), body_reserve_max));
    if (auto parsed = parse_body(body); !parsed) co_return std::unexpected(parsed.error());
    if (!parser_->done() && input_.empty() && parser_->expects_continue()) {
        if (auto sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n"); !sent) co_return std::unexpected(sent.error());
    }
    const auto begun = Clock::now();
    while (!parser_->done()) {
        const auto until =
            std::min(Clock::now() + context_.settings.body_stall_timeout, begun + context_.settings.body_timeout);
        const auto received = co_await receive(*stream_, until);
        if (received.outcome == Outcome::timeout) {
            co_return fail(ErrorKind::timeout, "the request's body did not come in time");
        }
        if (received.outcome != Outcome::done) {
            cancellation_->cancel();
            co_return fail(ErrorKind::cancelled, "the client left before its request was complete");
        }
        input_.append(loop().scratch().data(), received.count);
        if (auto parsed = parse_body(body); !parsed) co_return std::unexpected(parsed.error());
    }
    watch_client();
    co_return body;
}

base::Result<void> Connection::parse_body(std::string& body) {
    const auto used = parser_->parse_body(input_, body);
    if (!used) return std::unexpected(used.error());
    input_.erase(0, *used);
    return {};
}

void Connection::start_reply() {
    if (reply_ != Reply::none) throw std::logic_error("a request is answered twice");
    reply_ = Reply::streaming;
    // Behind a body that nobody read there is no next request to be found.
    if (!parser_ || !parser_->done() || context_.draining) keep_alive_ = false;
}

ResponseFraming Connection::frame() {
    ResponseFraming framing;
    framing.close = !keep_alive_;
    framing.keep_alive = keep_alive_ && http_1_0_;
    return framing;
}

bool Connection::body_allowed(unsigned status) const {
    return status >= 200 && status != 204 && status != 304;
}

Task<base::Result<void>> Connection::reply(ResponseHead head, std::string body) {
    if (reply_ == Reply::broken) co_return fail(ErrorKind::cancelled, "the client left before it was answered");
    start_reply();
    auto framing = frame();
    if (body_allowed(head.status)) framing.content_length = body.size();
    auto out = write_response_head(head, framing, loop().date());
    if (request_.method == "HEAD" || !body_allowed(head.status)) body.clear();
    const bool joined = body.size() <= joined_max;
    if (joined) out.append(body);
    auto sent = co_await send(std::move(out));
    if (sent && !joined) sent = co_await send(std::move(body));
    if (sent) reply_ = Reply::complete;
    co_return sent;
}

Task<base::Result<void>> Connection::begin_stream(ResponseHead head) {
    chunked_ = !http_1_0_;
    if (!chunked_) keep_alive_ = false;
    if (reply_ == Reply::broken) co_return fail(ErrorKind::cancelled, "the client left before it was answered");
    start_reply();
    without_body_ = request_.method == "HEAD" || !body_allowed(head.status);
    auto framing = frame();
    framing.chunked = chunked_ && body_allowed(head.status);
    pending_ = write_response_head(head, framing, loop().date());
    co_return base::Result<void>{};
}

Task<base::Result<void>> Connection::write(std::string piece) {
    if (reply_ == Reply::broken) co_return fail(ErrorKind::cancelled, "the client is gone");
    if (reply_ != Reply::streaming) throw std::logic_error("a piece of a reply that is not being streamed");
    if (piece.empty() || without_body_) co_return base::Result<void>{};
    auto out = std::exchange(pending_, {});
    if (chunked_) {
        append_chunk(out, piece);
    } else {
        out.append(piece);
    }
    co_return co_await send(std::move(out));
}

Task<base::Result<void>> Connection::end_stream() {
    if (reply_ == Reply::broken) co_return fail(ErrorKind::cancelled, "the client is gone");
    if (reply_ != Reply::streaming) throw std::logic_error("the end of a reply that is not being streamed");
    auto out = std::exchange(pending_, {});
    if (chunked_ && !without_body_) out.append(last_chunk);
    auto sent = co_await send(std::move(out));
    if (sent) reply_ = Reply::complete;
    co_return sent;
}

// A chunked reply lacks its last chunk and TLS its close_notify. Plain HTTP/1.0 has no other sign than a reset.
void Connection::abort() {
    reply_ = Reply::broken;
    if (chunked_ || origin_.secure) return;
    const ::linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(stream_->socket().fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

Task<base::Result<void>> Connection::send(std::string bytes) {
    const auto outcome = co_await write_all(*stream_, bytes, {.stall = context_.settings.write_stall_timeout});
    if (outcome == Outcome::done) co_return base::Result<void>{};
    reply_ = Reply::broken;
    cancellation_->cancel();
    if (outcome == Outcome::timeout) co_return fail(ErrorKind::timeout, "the client does not read its reply");
    co_return fail(ErrorKind::cancelled, "the client left before its reply was complete");
}

Task<void> Connection::close() {
    if (stopped_ || reply_ == Reply::broken) co_return;
    const auto until = Clock::now() + context_.settings.linger_timeout;
    auto io = stream_->shutdown();
    while (io.status == IoStatus::want_write) {
        if (co_await stream_->wait(io.status, until) != Wake::ready) co_return;
        io = stream_->shutdown();
    }
    const bool more_to_come = !first_ && (!parser_ || !parser_->done() || !input_.empty());
    if (more_to_come) co_await linger();
}

// Closing while the client still sends would reset the connection and take the reply away from it. What it sends now is not
// even decrypted.
Task<void> Connection::linger() {
    const auto until = Clock::now() + context_.settings.linger_timeout;
    for (std::size_t total = 0; total < linger_size_max;) {
        const auto into = loop().scratch();
        const auto count = ::recv(stream_->socket().fd(), into.data(), into.size(), 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) co_return;
        if (count > 0) total += static_cast<std::size_t>(count);
        if (co_await stream_->wait(IoStatus::want_read, until) != Wake::ready) co_return;
    }
}

}  // namespace net
