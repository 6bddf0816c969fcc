#include "proxy/directory.h"

#include "api/error_reply.h"
#include "base/limits.h"
#include "crypto/kdf.h"

#include <optional>
#include <utility>
#include <variant>

namespace proxy {
namespace {

using discovery::FetchFailure;
using net::Clock;

discovery::KeyedHasher fresh_hasher() {
    base::Secret<32> key;
    crypto::random_bytes(key.fill());
    return discovery::KeyedHasher(std::move(key));
}

std::mt19937_64 fresh_random() {
    std::uint64_t seed = 0;
    crypto::random_bytes({reinterpret_cast<std::uint8_t*>(&seed), sizeof seed});
    return std::mt19937_64(seed);
}

std::string flight_key(char kind, const discovery::CredentialHash& credential, std::string_view rest = {}) {
    std::string key(1, kind);
    key.append(base::as_text(credential.bytes)).append(rest);
    return key;
}

FetchFailure kind_of(unsigned status) {
    return status == 429 ? FetchFailure::rate_limited : FetchFailure::failed;
}

api::Failure rate_limited(discovery::Duration wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return {
        429,
        "the relay limits how often instances may be looked up for this key; try again in " + std::to_string(seconds) + " s",
        {},
        {}};
}

}  // namespace

Directory::Directory(const base::Log& log)
    : log_(log), hasher_(fresh_hasher()), pools_(fresh_random()), keys_(base::limits::credentials_max) {}

std::shared_ptr<const base::ApiKey> Directory::keep(const Caller& caller) {
    const std::scoped_lock lock(mutex_);
    KeptKey& kept = keys_[caller.credential];
    if (!kept.key) kept.key = std::make_shared<const base::ApiKey>(caller.key.clone());
    kept.used = Clock::now();
    return kept.key;
}

// --- lists ----------------------------------------------------------------------------------------------------------

template <class List>
struct Source;

template <>
struct Source<discovery::Catalogue> {
    static constexpr char flight = 'm';
    static constexpr std::string_view name = "model list";
    static net::Task<base::Result<RelayAnswer>> ask(Relay& relay, const base::ApiKey& key, net::Cancellation& cancellation) {
        return relay.models(key, {}, cancellation, Clock::now() + base::limits::models_wait);
    }
    static base::Result<discovery::Catalogue> read(const RelayAnswer& answer) {
        return discovery::Catalogue::parse(answer.body);
    }
    static bool good(unsigned status) { return status == 200; }
};

template <>
struct Source<discovery::Aliases> {
    static constexpr char flight = 'a';
    static constexpr std::string_view name = "aliases";
    static net::Task<base::Result<RelayAnswer>> ask(Relay& relay, const base::ApiKey& key, net::Cancellation& cancellation) {
        return relay.aliases(key, cancellation, Clock::now() + base::limits::models_wait);
    }
    static base::Result<discovery::Aliases> read(const RelayAnswer& answer) {
        return answer.status == 404 ? discovery::Aliases() : discovery::Aliases::parse(answer.body);
    }
    static bool good(unsigned status) { return status == 200 || status == 404; }
};

template <>
discovery::FreshCache<discovery::Catalogue>& Directory::cache() {
    return catalogues_;
}
template <>
discovery::FreshCache<discovery::Aliases>& Directory::cache() {
    return aliases_;
}

template <class List>
net::Task<api::Outcome<void>> Directory::fetch_list(Worker worker, std::shared_ptr<const base::ApiKey> key) {
    const auto credential = hasher_.credential(*key);
    net::Cancellation unhurried;
    const auto answer = co_await Source<List>::ask(worker.relay, *key, unhurried);
    api::Failure failure;
    if (!answer) {
        failure = api::failure_of(answer.error());
    } else if (!Source<List>::good(answer->status)) {
        failure = api::upstream_failure(answer->status, answer->body);
    } else if (auto read = Source<List>::read(*answer); !read) {
        failure = api::failure_of(read.error());
    } else {
        const std::scoped_lock lock(mutex_);
        cache<List>().fetch_succeeded(credential, std::move(*read), Clock::now());
        co_return api::Outcome<void>();
    }
    log_.warning("not fetched", {{"what", Source<List>::name}, {"status", std::int64_t{failure.status}}});
    const std::scoped_lock lock(mutex_);
    cache<List>().fetch_failed(credential, kind_of(failure.status), Clock::now());
    co_return std::unexpected(std::move(failure));
}

template <class List>
net::Task<api::Outcome<discovery::FreshCacheFound<List>>> Directory::list(Worker worker, Caller caller, Need need) {
    const auto fetch = [this, worker, key = keep(caller)] { return fetch_list<List>(worker, key); };
    const std::string flight = flight_key(Source<List>::flight, caller.credential);
    bool due = false;
    discovery::FreshCacheFound<List> found;
    {
        const std::scoped_lock lock(mutex_);
        const auto now = Clock::now();
        found = cache<List>().find(caller.credential, now);
        due = cache<List>().should_fetch(caller.credential, now);
        const auto limited = cache<List>().limited_for(caller.credential, now);
        if (!found.value && limited > discovery::Duration::zero()) co_return std::unexpected(rate_limited(limited));
    }
    if (found.freshness == discovery::Freshness::fresh) co_return found;
    if (found.value && ((need == Need::recent && found.recent) || !due)) {
        if (due) flights_.start(worker.loop, flight, fetch);  // the old list serves meanwhile
        co_return found;
    }
    const auto flown = co_await flights_.join(worker.loop, flight, fetch, caller.until, caller.cancellation);
    const std::scoped_lock lock(mutex_);
    found = cache<List>().find(caller.credential, Clock::now());
    if (found.value) co_return found;
    if (!flown) co_return std::unexpected(flown.error());
    co_return api::refuse(502, "what the relay answered was lost before it could be used; try again");
}

net::Task<api::Outcome<discovery::Target>> Directory::resolve(Worker worker, Caller caller, std::string name) {
    // A list that has just grown old answers at once, unless its answer is no: that one is worth waiting for a new list.
    for (const Need need : {Need::recent, Need::fresh}) {
        const auto catalogue = co_await list<discovery::Catalogue>(worker, caller, need);
        if (!catalogue) co_return std::unexpected(catalogue.error());
        bool current = need == Need::fresh || catalogue->freshness == discovery::Freshness::fresh;
        auto resolution = discovery::resolve(name, *catalogue->value, nullptr);
        if (std::holds_alternative<discovery::NeedsAliases>(resolution)) {
            const auto aliases = co_await list<discovery::Aliases>(worker, caller, need);
            if (!aliases && !current) continue;
            if (!aliases) co_return std::unexpected(aliases.error());
            current = need == Need::fresh || (current && aliases->freshness == discovery::Freshness::fresh);
            resolution = discovery::resolve(name, *catalogue->value, aliases->value.get());
        }
        auto* target = std::get_if<discovery::Target>(&resolution);
        if (target != nullptr && (current || target->confidential)) co_return std::move(*target);
        const auto* error = std::get_if<base::Error>(&resolution);
        if (error != nullptr && current) co_return std::unexpected(api::failure_of(*error));
    }
    co_return api::refuse(500, "internal error while resolving the model's name");
}

// --- instances ------------------------------------------------------------------------------------------------------

net::Task<api::Outcome<void>> Directory::fetch_pool(Worker worker, std::shared_ptr<const base::ApiKey> key,
                                                    base::ChuteId chute) {
    const discovery::PoolKey pool{hasher_.credential(*key), chute};
    const auto sent = Clock::now();
    {
        const std::scoped_lock lock(mutex_);
        pools_.fetch_began(pool, sent);
    }
    net::Cancellation unhurried;
    const auto answer = co_await worker.relay.instances(*key, chute, unhurried, sent + base::limits::discovery_wait);
    api::Failure failure;
    if (!answer) {
        failure = api::failure_of(answer.error());
    } else if (answer->status != 200) {
        failure = api::upstream_failure(answer->status, answer->body);
    } else if (auto discovered = discovery::parse_discovered(answer->body); !discovered) {
        failure = api::failure_of(discovered.error());
    } else {
        if (discovered->rows_skipped > 0) {
            log_.warning("instances skipped",
                         {{"chute", chute.text()}, {"count", static_cast<std::int64_t>(discovered->rows_skipped)}});
        }
        const std::scoped_lock lock(mutex_);
        pools_.merge(pool, std::move(*discovered), sent, Clock::now());
        co_return api::Outcome<void>();
    }
    log_.warning("not fetched", {{"what", "instances"}, {"chute", chute.text()}, {"status", std::int64_t{failure.status}}});
    const std::scoped_lock lock(mutex_);
    pools_.fetch_failed(pool, kind_of(failure.status), Clock::now());
    co_return std::unexpected(std::move(failure));
}

net::Task<api::Outcome<discovery::Lease>> Directory::lease(Worker worker, Caller caller, base::ChuteId chute,
                                                           discovery::LeaseRequest request) {
    const discovery::PoolKey pool{caller.credential, chute};
    const auto fetch = [this, worker, key = keep(caller), chute] { return fetch_pool(worker, key, chute); };
    const std::string flight = flight_key('i', caller.credential, chute.text());
    // Others may take all nonces of a fetch before this request's turn comes: then it fetches again, a few times.
    for (int round = 0;; ++round) {
        bool refill = false;
        bool only_excluded = false;
        std::optional<discovery::Lease> lease;
        {
            const std::scoped_lock lock(mutex_);
            const auto now = Clock::now();
            if (auto given = pools_.lease(pool, request, now)) {
                lease = std::move(*given);
            } else {
                only_excluded = given.error().only_excluded;
            }
            refill = pools_.refill_due(pool, now);
            const auto limited = pools_.limited_for(pool, now);
            if (!lease && limited > discovery::Duration::zero()) co_return std::unexpected(rate_limited(limited));
        }
        // Not under the lock: a flight may begin at once, on this thread, and takes the lock itself.
        if (refill) flights_.start(worker.loop, flight, fetch);
        if (lease) co_return std::move(*lease);
        // One fetch may bring instances that have not failed this request; another one straight after it will not.
        if (round == base::limits::discovery_rounds_max || (round > 0 && only_excluded)) {
            co_return api::refuse(503, "no instance of this model has a place for this request now; try again in a moment");
        }
        const auto flown = co_await flights_.join(worker.loop, flight, fetch, caller.until, caller.cancellation);
        if (!flown) co_return std::unexpected(flown.error());
    }
}

void Directory::first_event(discovery::LeaseId lease, discovery::Duration since_sent) {
    const std::scoped_lock lock(mutex_);
    pools_.first_event(lease, since_sent, Clock::now());
}

void Directory::finished(discovery::LeaseId lease, discovery::Outcome outcome) {
    const std::scoped_lock lock(mutex_);
    pools_.finished(lease, outcome, Clock::now());
}

void Directory::tick(Worker worker) {
    const auto now = Clock::now();
    std::vector<std::pair<discovery::PoolKey, std::shared_ptr<const base::ApiKey>>> due;
    {
        const std::scoped_lock lock(mutex_);
        keys_.erase_if([&](const auto&, const KeptKey& kept) { return now - kept.used > base::limits::key_kept_for; });
        for (const discovery::PoolKey& pool : pools_.due(now)) {
            if (const KeptKey* kept = keys_.peek(pool.credential)) due.emplace_back(pool, kept->key);
        }
    }
    for (const auto& [pool, key] : due) {
        flights_.start(worker.loop, flight_key('i', pool.credential, pool.chute.text()),
                       [this, worker, key, chute = pool.chute] { return fetch_pool(worker, key, chute); });
    }
}

}  // namespace proxy
