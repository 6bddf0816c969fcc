#include "proxy/attempt.h"

#include "api/error_reply.h"
#include "base/limits.h"
#include "proxy/refusal.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace proxy {
namespace {

using discovery::Outcome;

// What one request has tried so far, and what it may still try.
class Tries {
public:
    // Whether another attempt is in order after `refusal`; notes that it was used up.
    [[nodiscard]] bool again(Refusal refusal) {
        if (attempts_ >= base::limits::attempts_max) return false;
        switch (refusal) {
            case Refusal::pass_on:
                return false;
            case Refusal::instance:
            case Refusal::instance_full:
                return true;
            case Refusal::nonce:
                return !std::exchange(nonce_used_, true);
            case Refusal::wrong_chute:
                return !std::exchange(chute_used_, true);
            case Refusal::instance_status:
                return !std::exchange(status_used_, true);
        }
        return false;
    }
    void began(const base::InstanceId& instance) {
        ++attempts_;
        tried_.push_back(instance);
    }
    // A new discovery makes the instance eligible again: it was the nonce that was wrong.
    void forgive() { tried_.pop_back(); }

    [[nodiscard]] int attempts() const { return attempts_; }
    [[nodiscard]] const std::vector<base::InstanceId>& tried() const { return tried_; }

private:
    int attempts_ = 0;
    std::vector<base::InstanceId> tried_;
    bool nonce_used_ = false;
    bool chute_used_ = false;
    bool status_used_ = false;
};

Outcome outcome_of(Refusal refusal, unsigned status) {
    switch (refusal) {
        case Refusal::pass_on:
            return Outcome::neutral;
        case Refusal::nonce:
        case Refusal::wrong_chute:
            return Outcome::pool_refused;
        case Refusal::instance_full:
            return Outcome::at_capacity;
        case Refusal::instance:
            return status == 500 ? Outcome::failed : Outcome::gone;
        case Refusal::instance_status:
            return status == 429 ? Outcome::at_capacity : Outcome::failed;
    }
    return Outcome::neutral;
}

base::Result<e2ee::SealedRequest> seal(const crypto::EncapsulationKey& key, std::string_view body) {
    return e2ee::seal_request(key, body);
}

net::Task<base::Result<e2ee::SealedRequest>> seal_anywhere(AttemptTools tools, const crypto::EncapsulationKey& key,
                                                           const std::string& body) {
    if (body.size() <= base::limits::seal_on_loop_max) co_return seal(key, body);
    auto work = [&] { return seal(key, body); };
    co_return co_await net::offload(tools.worker.loop, tools.pool, work);
}

// One attempt's end that is not an answer.
struct Refused {
    Refusal refusal = Refusal::pass_on;
    Outcome outcome = Outcome::neutral;
    api::Failure failure;
    net::Headers headers;
};

Refused no_connection(const base::Error& error) {
    const bool unreached = error.kind == base::ErrorKind::upstream_unreachable;
    return {unreached ? Refusal::instance : Refusal::pass_on, Outcome::neutral, api::failure_of(error), {}};
}

Refused refused_with(unsigned status, net::Headers headers, std::string_view body) {
    const Refusal refusal = judge_refusal(status, body);
    api::Failure failure = api::upstream_failure(status, body);
    // What went wrong between relay and instances is not the client's doing: it must not read like "no such model" or "bad
    // key".
    const bool ours = refusal != Refusal::pass_on && status < 500 && status != 429;
    if (ours)
        failure = {503, "the relay could not bring this request to an instance of the model; try again in a moment", {}, {}};
    return {refusal, outcome_of(refusal, status), std::move(failure), std::move(headers)};
}

// Sends one sealed request. A 200 answers; anything else is read and judged.
net::Task<std::expected<Answering, Refused>> invoke(AttemptTools tools, Caller caller, const Sending& sending,
                                                    discovery::Lease lease) {
    HeldLease held(tools.directory, std::move(lease));
    auto sealed = co_await seal_anywhere(tools, held.lease().key->key, sending.body);
    if (!sealed) co_return std::unexpected(Refused{.failure = api::failure_of(sealed.error()), .headers = {}});
    held.sending();
    const Invocation invocation{.key = caller.key,
                                .chute = sending.target.chute,
                                .instance = held.lease().instance,
                                .nonce = held.lease().nonce,
                                .path = sending.path,
                                .stream = sending.stream,
                                .envelope = sealed->envelope};
    auto reply = co_await tools.worker.relay.invoke(invocation, caller.cancellation, caller.until);
    if (!reply) co_return std::unexpected(no_connection(reply.error()));
    const unsigned status = reply->head().status;
    if (status == 200) co_return Answering{std::move(held), std::move(*reply), std::move(sealed->reply)};
    const auto body =
        co_await reply->read_all(base::limits::error_reply_max, net::Clock::now() + base::limits::error_reply_wait);
    Refused refused = refused_with(status, reply->head().headers, body ? std::string_view(*body) : std::string_view());
    held.finish(refused.outcome);
    co_return std::unexpected(std::move(refused));
}

}  // namespace

net::Task<api::Outcome<Answering>> obtain(AttemptTools tools, Caller caller, const Sending& sending, Progress& progress) {
    Tries tries;
    std::optional<Refused> last;
    for (;;) {
        const discovery::LeaseRequest wanted{.conversation = sending.conversation, .exclude = tries.tried()};
        auto lease = co_await tools.directory.lease(tools.worker, caller, sending.target.chute, wanted);
        if (!lease) co_return std::unexpected(last ? std::move(last->failure) : std::move(lease.error()));
        tries.began(lease->instance);
        progress.attempts = tries.attempts();
        progress.instance = lease->instance.text();
        auto answering = co_await invoke(tools, caller, sending, std::move(*lease));
        if (answering) co_return std::move(*answering);
        last = std::move(answering.error());
        progress.refusal_headers = last->headers;
        if (caller.cancellation.cancelled() || !tries.again(last->refusal)) co_return std::unexpected(std::move(last->failure));
        if (last->outcome == Outcome::pool_refused) tries.forgive();
    }
}

}  // namespace proxy
