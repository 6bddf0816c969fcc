#include "net/client.h"

#include "net/client_tls.h"
#include "net/connector.h"
#include "net/http_parser.h"
#include "net/http_writer.h"
#include "net/stream.h"

#include <algorithm>
#include <map>
#include <utility>

namespace net {
namespace {

using base::ErrorKind;
using base::fail;

// A head and this much of its body go out in one piece.
constexpr std::size_t joined_max = 16 * base::limits::KiB;
constexpr std::size_t headers_count_max = 256;

std::string host_header(const Origin& origin) {
    auto text = authority(origin);
    const bool usual = origin.port == (origin.scheme == Scheme::https ? 443 : 80);
    if (usual) text.resize(text.rfind(':'));
    return text;
}

bool has_body(const UpstreamRequest& request) {
    return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

}  // namespace

// Connections that wait for a request, and the TLS sessions that make new ones cheaper.
struct Client::Impl : std::enable_shared_from_this<Impl> {
    struct Place;
    // Gone as soon as the upstream closes it, says something that nobody asked for, or its time is over.
    struct Idle {
        Idle(Impl& in, Place& at, std::unique_ptr<Stream> connection);
        void readable();
        void end();

        Impl& impl;
        Place& place;
        std::unique_ptr<Stream> stream;
        Deadline deadline;
    };
    struct Place {
        SessionSlot session;
        std::vector<std::unique_ptr<Idle>> idle;
    };

    Impl(Loop& on, const ClientTls::Impl& trust, ClientSettings chosen)
        : loop(on), tls(trust), settings(std::move(chosen)), connector(loop, tls, settings) {}

    Task<base::Result<UpstreamReply>> send(Origin origin, UpstreamRequest request, Cancellation& cancellation,
                                           Timepoint deadline);
    std::unique_ptr<Stream> take(const Origin& origin);
    void give(const Origin& origin, std::unique_ptr<Stream> stream);

    Loop& loop;
    const ClientTls::Impl& tls;
    const ClientSettings settings;
    Connector connector;
    std::map<Origin, Place> places;
};

Client::Impl::Idle::Idle(Impl& in, Place& at, std::unique_ptr<Stream> connection)
    : impl(in), place(at), stream(std::move(connection)), deadline(in.loop, [this] { end(); }) {
    deadline.set(Clock::now() + impl.settings.idle_timeout);
    stream->socket().watch([this] { readable(); });
}

// TLS may bring a ticket: that is not for us.
void Client::Impl::Idle::readable() {
    if (stream->read_some(impl.loop.scratch()).status != IoStatus::want_read) end();
}

void Client::Impl::Idle::end() {
    std::erase_if(place.idle, [this](const auto& idle) { return idle.get() == this; });
}

// The one used last that is still open.
std::unique_ptr<Stream> Client::Impl::take(const Origin& origin) {
    auto& idle = places[origin].idle;
    while (!idle.empty()) {
        auto stream = std::move(idle.back()->stream);
        idle.pop_back();
        stream->socket().unwatch();
        if (stream->read_some(loop.scratch()).status == IoStatus::want_read) return stream;
    }
    return nullptr;
}

void Client::Impl::give(const Origin& origin, std::unique_ptr<Stream> stream) {
    auto& place = places[origin];
    if (place.idle.size() >= settings.idle_per_origin_max) place.idle.erase(place.idle.begin());
    place.idle.push_back(std::make_unique<Idle>(*this, place, std::move(stream)));
}

struct UpstreamReply::Impl {
    Impl(std::shared_ptr<Client::Impl> from, Origin to, std::unique_ptr<Stream> over, Cancellation& cancellation)
        : client(std::move(from)),
          origin(std::move(to)),
          stream(std::move(over)),
          on_cancel(std::in_place, cancellation, [this] {
              if (stream) stream->socket().interrupt();
          }) {}

    Task<base::Result<void>> exchange(const UpstreamRequest& request, Timepoint deadline);
    Task<Outcome> write(const UpstreamRequest& request, Timepoint deadline);
    Task<base::Result<void>> read_head(Timepoint deadline);
    // `complete` once a final head is in; `more` if bytes are missing.
    base::Result<HeadScan::Verdict> parse_head();
    Task<base::Result<std::string>> read(Timepoint until);
    base::Error broken(std::string what) const;
    void finish();

    std::shared_ptr<Client::Impl> client;
    Origin origin;
    std::unique_ptr<Stream> stream;  // until the reply has ended
    std::optional<Cancellation::Callback> on_cancel;
    bool reused = false;
    bool body_expected = true;
    bool touched = false;   // the kernel took bytes of the request
    bool answered = false;  // bytes of a reply came
    bool dead = false;      // the connection ended instead
    HeadScan scan;
    std::string input;  // read, not parsed yet
    std::optional<ResponseParser> parser;
    ResponseHead head;
    std::optional<base::Error> failure;
};

base::Error UpstreamReply::Impl::broken(std::string what) const {
    return {answered ? ErrorKind::upstream_broken : ErrorKind::upstream_unreachable, authority(origin) + " " + what};
}

Task<base::Result<void>> UpstreamReply::Impl::exchange(const UpstreamRequest& request, Timepoint deadline) {
    body_expected = request.method != "HEAD";
    const auto written = co_await write(request, deadline);
    if (written == Outcome::cancelled) co_return fail(ErrorKind::cancelled, "the request was cancelled");
    if (written == Outcome::timeout) co_return fail(ErrorKind::timeout, authority(origin) + " does not take the request");
    // An upstream that refuses a request early may close before it took everything: its answer counts.
    co_return co_await read_head(deadline);
}

Task<Outcome> UpstreamReply::Impl::write(const UpstreamRequest& request, Timepoint deadline) {
    const auto host = host_header(origin);
    RequestFraming framing{.host = host, .content_length = std::nullopt};
    if (has_body(request)) framing.content_length = request.body.size();
    auto out = write_request_head(request.method, request.target, request.headers, framing);
    const auto body = base::as_text(request.body);
    const bool joined = body.size() <= joined_max;
    if (joined) out.append(body);
    const WriteLimits limits{.stall = client->settings.write_stall_timeout, .until = deadline, .touched = &touched};
    auto written = co_await write_all(*stream, out, limits);
    if (written == Outcome::done && !joined) written = co_await write_all(*stream, body, limits);
    co_return written;
}

Task<base::Result<void>> UpstreamReply::Impl::read_head(Timepoint deadline) {
    while (true) {
        const auto verdict = parse_head();
        if (!verdict) co_return std::unexpected(verdict.error());
        if (*verdict == HeadScan::Verdict::complete) break;
        const auto received = co_await receive(*stream, deadline);
        if (received.outcome == Outcome::cancelled) co_return fail(ErrorKind::cancelled, "the request was cancelled");
        if (received.outcome == Outcome::timeout)
            co_return fail(ErrorKind::timeout, authority(origin) + " did not answer in time");
        if (received.outcome != Outcome::done) {
            dead = true;
            co_return std::unexpected(broken("closed the connection before it answered"));
        }
        answered = true;
        input.append(client->loop.scratch().data(), received.count);
    }
    if (parser->done()) finish();
    co_return base::Result<void>{};
}

base::Result<HeadScan::Verdict> UpstreamReply::Impl::parse_head() {
    while (true) {
        const auto verdict = scan.scan(input, client->settings.headers_size_max);
        if (verdict == HeadScan::Verdict::more) return verdict;
        if (verdict == HeadScan::Verdict::malformed) return std::unexpected(broken("answered with something that is not HTTP"));
        if (verdict == HeadScan::Verdict::too_large) return std::unexpected(broken("answered with too large headers"));
        parser.emplace();
        auto parsed = parser->parse_head(std::string_view(input).substr(0, scan.size()),
                                         {.headers_count_max = headers_count_max, .body_expected = body_expected});
        if (!parsed) return std::unexpected(parsed.error());
        input.erase(0, scan.size());
        scan = {};
        if (parsed->status / 100 == 1) continue;  // interim (RFC 9110 §15.2)
        head = std::move(*parsed);
        return verdict;
    }
}

Task<base::Result<std::string>> UpstreamReply::Impl::read(Timepoint until) {
    std::string piece;
    while (!failure && stream) {
        const auto used = parser->parse_body(input, piece);
        if (!used) {
            failure = used.error();
            break;
        }
        input.erase(0, *used);
        if (parser->done()) finish();
        if (!piece.empty() || !stream) co_return piece;
        const auto received = co_await receive(*stream, until);
        if (received.outcome == Outcome::timeout)
            co_return fail(ErrorKind::timeout, authority(origin) + " sent nothing in time");
        if (received.outcome == Outcome::done) {
            input.append(client->loop.scratch().data(), received.count);
        } else if (received.outcome == Outcome::cancelled) {
            failure = {ErrorKind::cancelled, "the request was cancelled"};
        } else if (received.outcome == Outcome::end && parser->parse_end()) {
            finish();
        } else {
            failure = broken("closed the connection in the middle of its reply");
        }
    }
    if (!failure) co_return piece;
    stream.reset();
    co_return std::unexpected(*failure);
}

// The connection goes back if another request can follow.
void UpstreamReply::Impl::finish() {
    on_cancel.reset();
    if (parser->keeps_alive() && input.empty() && !stream->socket().interrupted()) {
        client->give(origin, std::move(stream));
    } else {
        (void)stream->shutdown();
    }
    stream.reset();
}

UpstreamReply::UpstreamReply(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UpstreamReply::UpstreamReply(UpstreamReply&&) noexcept = default;
UpstreamReply& UpstreamReply::operator=(UpstreamReply&&) noexcept = default;
UpstreamReply::~UpstreamReply() = default;

const ResponseHead& UpstreamReply::head() const {
    return impl_->head;
}
bool UpstreamReply::reused_connection() const {
    return impl_->reused;
}
Task<base::Result<std::string>> UpstreamReply::read(Timepoint until) {
    return impl_->read(until);
}

Task<base::Result<std::string>> UpstreamReply::read_all(std::size_t size_max, Timepoint until) {
    std::string all;
    while (true) {
        auto piece = co_await impl_->read(until);
        if (!piece) co_return piece;
        if (piece->empty()) co_return all;
        if (piece->size() > size_max - all.size()) {
            abort();
            co_return fail(ErrorKind::upstream_broken,
                           authority(impl_->origin) + " sent a reply of more than " + std::to_string(size_max) + " bytes");
        }
        all += *piece;
    }
}

void UpstreamReply::abort() {
    impl_->stream.reset();
    if (!impl_->failure) impl_->failure = {ErrorKind::cancelled, "the reply was given up"};
}

Task<base::Result<UpstreamReply>> Client::Impl::send(Origin origin, UpstreamRequest request, Cancellation& cancellation,
                                                     Timepoint deadline) {
    const auto self = shared_from_this();
    for (bool fresh = false;; fresh = true) {
        if (cancellation.cancelled()) co_return base::fail(ErrorKind::cancelled, "the request was given up before it was sent");
        auto stream = fresh ? nullptr : take(origin);
        const bool reused = stream != nullptr;
        if (!reused) {
            auto made = co_await connector.connect(origin, places[origin].session, cancellation, deadline);
            if (!made) co_return std::unexpected(std::move(made.error()));
            stream = std::move(*made);
        }
        auto reply = std::make_unique<UpstreamReply::Impl>(self, origin, std::move(stream), cancellation);
        reply->reused = reused;
        auto exchanged = co_await reply->exchange(request, deadline);
        if (exchanged) co_return UpstreamReply(std::move(reply));
        // It may have been closed while the request was on its way. What the kernel never took was never processed.
        const bool harmless = !reply->touched || request.resend == UpstreamRequest::Resend::once;
        if (!reused || !reply->dead || reply->answered || !harmless) co_return std::unexpected(std::move(exchanged.error()));
    }
}

Client::Client(Loop& loop, const ClientTls& tls, ClientSettings settings)
    : impl_(std::make_shared<Impl>(loop, tls.impl(), std::move(settings))) {}
Client::~Client() {
    close_idle();
}

Task<base::Result<UpstreamReply>> Client::send(Origin origin, UpstreamRequest request, Cancellation& cancellation,
                                               Timepoint deadline) {
    return impl_->send(std::move(origin), std::move(request), cancellation, deadline);
}

std::size_t Client::idle_connections() const {
    std::size_t count = 0;
    for (const auto& [origin, place] : impl_->places) count += place.idle.size();
    return count;
}

void Client::close_idle() {
    for (auto& [origin, place] : impl_->places) place.idle.clear();
}

}  // namespace net
