#include "proxy/forward.h"

#include "api/error_reply.h"
#include "api/request.h"
#include "base/limits.h"
#include "crypto/kdf.h"
#include "proxy/attempt.h"
#include "proxy/pending.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>

namespace proxy {
namespace {

using discovery::Outcome;
using net::Clock;

bool is_true(std::optional<std::string_view> header) {
    return header && net::same_token(*header, "true");
}

bool is_event_stream(const net::Headers& headers) {
    constexpr std::string_view type = "text/event-stream";
    const auto found = headers.find("content-type");
    return found && found->size() >= type.size() && net::same_token(found->substr(0, type.size()), type);
}

api::ReplyStamp fresh_stamp() {
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";  // 32 letters: 5 bits each, no bias
    std::array<std::uint8_t, 24> bytes{};
    crypto::random_bytes(bytes);
    std::string random;
    for (const std::uint8_t byte : bytes) random += alphabet[byte & 31];
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return {std::move(random), std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count()};
}

// What a reply that failed says of its instance. One that rejects a request for what it says is as well as any other.
Outcome outcome_of(const api::Failure& failure) {
    if (failure.status == 429) return Outcome::at_capacity;
    return failure.status < 500 ? Outcome::neutral : Outcome::failed;
}

discovery::ConversationHints hints_of(const api::Request& request, const net::Headers& headers) {
    const api::ConversationHints& said = request.hints();
    return {.session = headers.find("x-session-id").value_or(""),
            .prompt_cache_key = said.prompt_cache_key,
            .user = said.user,
            .system_prompt = said.system,
            .first_user_message = said.first_user};
}

// One of the requests that may be under way at once; `granted()` is false if there are too many.
class Place {
public:
    Place(std::atomic<std::size_t>& taken, std::size_t places) : taken_(taken), granted_(taken.fetch_add(1) < places) {
        if (!granted_) taken_.fetch_sub(1);  // who is turned away takes no place while it is told so
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        if (granted_) taken_.fetch_sub(1);
    }
    [[nodiscard]] bool granted() const { return granted_; }

private:
    std::atomic<std::size_t>& taken_;
    bool granted_;
};

// One request on its way. Lives in forward()'s frame.
class Journey {
public:
    Journey(const Forwarding& forwarding, net::Exchange& exchange, Answer& answer, base::ApiKey key)
        : forwarding_(forwarding),
          exchange_(exchange),
          answer_(answer),
          key_(std::move(key)),
          caller_{key_, forwarding.directory.credential(key_), exchange.cancellation(),
                  Clock::now() + forwarding.options.idle_timeout} {}

    [[nodiscard]] net::Task<Account> run(Route route);

private:
    [[nodiscard]] net::Task<api::Outcome<api::Request>> read(Route route);
    [[nodiscard]] net::Task<api::Outcome<Answering>> reach(const api::Request& request);
    [[nodiscard]] net::Task<void> answer_with(const api::Request& request, Pending<api::Outcome<Answering>>& pending);
    [[nodiscard]] net::Task<void> stream(const api::Request& request, Pending<api::Outcome<Answering>>& pending);
    [[nodiscard]] net::Task<api::Outcome<void>> pump(Answering& answering, api::ReplyStream& reply, StreamAnswer& out);
    [[nodiscard]] net::Task<void> whole(const api::Request& request, Answering answering);

    const Forwarding& forwarding_;
    net::Exchange& exchange_;
    Answer& answer_;
    base::ApiKey key_;
    Caller caller_;
    Progress progress_;
    Account account_;
};

// Step 1: the client's body, as a request of its API.
net::Task<api::Outcome<api::Request>> Journey::read(Route route) {
    account_.stage = "read";
    auto body = co_await exchange_.read_body(forwarding_.options.max_body);
    if (!body) co_return std::unexpected(body_failure(body.error()));
    co_return api::Request::read(route.dialect, route.path, std::move(*body));
}

// Steps 2 to 5: from the model's name to an instance that answers.
net::Task<api::Outcome<Answering>> Journey::reach(const api::Request& request) {
    const Worker worker = forwarding_.worker;
    account_.stage = "resolve";
    const auto target = co_await forwarding_.directory.resolve(worker, caller_, std::string(request.model()));
    if (!target) co_return std::unexpected(target.error());
    account_.model = target->model.text();
    account_.chute = target->chute.text();
    account_.stage = "reach";
    if (!target->confidential && !forwarding_.options.allow_non_confidential) {
        co_return std::unexpected(api::failure_of(discovery::not_confidential(target->model)));
    }
    const net::Headers& headers = exchange_.request().headers;
    const std::string body = request.body_for(target->model, {.thinking_header = is_true(headers.find("x-enable-thinking"))});
    const Sending sending{
        .target = *target,
        .body = body,
        .path = std::string(request.upstream_path()),
        .stream = request.stream(),
        .conversation = forwarding_.directory.conversation(caller_.credential, target->model, hints_of(request, headers))};
    co_return co_await obtain({forwarding_.directory, worker, forwarding_.pool}, caller_, sending, progress_);
}

// Steps 6 to 8 for a reply in one piece.
net::Task<void> Journey::whole(const api::Request& request, Answering answering) {
    account_.stage = "open";
    auto blob = co_await answering.upstream.read_all(base::limits::sealed_reply_max, caller_.until);
    if (!blob) {
        answering.lease.finish(blob.error().kind == base::ErrorKind::cancelled ? Outcome::neutral : Outcome::failed);
        co_await answer_.fail(api::failure_of(blob.error()));
        co_return;
    }
    const auto plain = std::move(answering.keys).open_reply(base::as_bytes(*blob));
    answering.lease.finish(plain ? Outcome::answered : Outcome::failed);
    if (!plain) {
        co_await answer_.fail(api::failure_of(plain.error()));
        co_return;
    }
    account_.stage = "translate";
    auto reply = api::whole_reply(request.reply_context(), fresh_stamp(), *plain);
    if (!reply) {
        co_await answer_.fail(reply.error());
        co_return;
    }
    co_await answer_.json(200, std::move(*reply));
}

// Steps 6 to 8 for a stream: until the upstream has ended well. An error is the client's to be told.
net::Task<api::Outcome<void>> Journey::pump(Answering& answering, api::ReplyStream& reply, StreamAnswer& out) {
    account_.stage = "stream";
    auto opener = std::move(answering.keys).open_stream();
    auto silence_over = Clock::now() + forwarding_.options.idle_timeout;
    bool heard = false;
    for (;;) {
        if (Clock::now() >= out.keepalive_due()) {
            const bool there = co_await out.keep_alive();
            if (!there) co_return api::refuse(499, "the client left");
        }
        auto piece = co_await answering.upstream.read(std::min(out.keepalive_due(), silence_over));
        if (!piece && piece.error().kind == base::ErrorKind::timeout) {
            if (Clock::now() < silence_over) continue;
            if (reply.at_end()) break;  // all is said, only the connection lingers
            co_return api::refuse(504, "the instance fell silent in the middle of its reply");
        }
        if (!piece && reply.at_end()) break;  // the connection died after everything was said
        if (!piece) co_return std::unexpected(api::failure_of(piece.error()));
        if (piece->empty()) break;
        std::string plain;
        const auto opened = opener.feed(*piece, plain);
        if (!plain.empty()) {  // authentic, even if what followed it was not
            if (!std::exchange(heard, true)) answering.lease.first_event();
            api::Output output = reply.feed(plain);
            const bool there = co_await out.write(std::move(output.bytes));
            if (!there) co_return api::refuse(499, "the client left");
            if (output.failure) co_return std::unexpected(std::move(*output.failure));
        }
        if (!opened) co_return std::unexpected(api::failure_of(opened.error()));
        if (plain.empty()) continue;
        silence_over =
            Clock::now() + (reply.at_end() ? net::Duration(base::limits::stream_end_wait) : forwarding_.options.idle_timeout);
    }
    std::string last;
    const auto ended = opener.finish(last);
    api::Output output = reply.feed(last);
    std::ignore = co_await out.write(std::move(output.bytes));
    if (output.failure) co_return std::unexpected(std::move(*output.failure));
    if (!ended && !reply.at_end()) co_return std::unexpected(api::failure_of(ended.error()));
    output = reply.finish();
    std::ignore = co_await out.write(std::move(output.bytes));
    if (output.failure) co_return std::unexpected(std::move(*output.failure));
    co_return api::Outcome<void>();
}

net::Task<void> Journey::stream(const api::Request& request, Pending<api::Outcome<Answering>>& pending) {
    const auto reply = api::ReplyStream::start(request.reply_context(), fresh_stamp());
    StreamAnswer out(answer_, *reply);
    for (;;) {
        const bool there = co_await pending.wait(out.keepalive_due());
        if (there) break;
        const bool listening = co_await out.keep_alive();
        if (!listening) co_await pending.settled();  // the client's leaving has cancelled what we wait for
    }
    auto answering = co_await pending.take();
    if (!answering) {
        answer_.pass_on(progress_.refusal_headers);
        co_await out.fail(answering.error());
        co_return;
    }
    answer_.pass_on(answering->upstream.head().headers);
    if (!is_event_stream(answering->upstream.head().headers)) {
        answering->lease.finish(Outcome::failed);
        co_await out.fail({502, "the instance answered in one piece where a stream was asked for", {}, {}});
        co_return;
    }
    const auto pumped = co_await pump(*answering, *reply, out);
    if (exchange_.cancellation().cancelled()) co_return;
    answering->lease.finish(pumped ? Outcome::answered : outcome_of(pumped.error()));
    if (pumped) {
        co_await out.end();
    } else {
        answering->upstream.abort();
        co_await out.fail(pumped.error());
    }
}

net::Task<void> Journey::answer_with(const api::Request& request, Pending<api::Outcome<Answering>>& pending) {
    if (request.stream()) {
        co_await stream(request, pending);
        co_return;
    }
    auto answering = co_await pending.take();
    if (!answering) {
        answer_.pass_on(progress_.refusal_headers);
        co_await answer_.fail(answering.error());
        co_return;
    }
    answer_.pass_on(answering->upstream.head().headers);
    co_await whole(request, std::move(*answering));
}

net::Task<Account> Journey::run(Route route) {
    const auto request = co_await read(route);
    caller_.until = Clock::now() + forwarding_.options.idle_timeout;  // a slow upload takes none of it
    if (!request) {
        co_await answer_.fail(request.error());
        co_return std::move(account_);
    }
    // Taken only now: who sends a body slowly, or never, must not keep others out.
    const Place place(forwarding_.in_flight, forwarding_.options.max_in_flight);
    if (!place.granted()) {
        co_await answer_.fail(api::failure_of(
            {base::ErrorKind::overloaded, "this proxy has as many requests under way as it may; try again in a moment"}));
        co_return std::move(account_);
    }
    Pending<api::Outcome<Answering>> pending(forwarding_.worker.loop, reach(*request));
    std::exception_ptr bug;
    try {
        co_await answer_with(*request, pending);
    } catch (...) {
        bug = std::current_exception();
        exchange_.cancellation().cancel();
    }
    co_await pending.settled();  // it works with what this frame holds
    if (bug) std::rethrow_exception(bug);
    account_.attempts = progress_.attempts;
    account_.instance = progress_.instance;
    co_return std::move(account_);
}

}  // namespace

net::Task<Account> forward(const Forwarding& forwarding, net::Exchange& exchange, Answer& answer, Route route,
                           base::ApiKey key) {
    Journey journey(forwarding, exchange, answer, std::move(key));
    co_return co_await journey.run(route);
}

}  // namespace proxy
