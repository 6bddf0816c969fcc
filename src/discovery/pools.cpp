#include "discovery/pools.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace discovery {

namespace {

using namespace std::chrono_literals;

// Pools nobody asked for in this long are no longer kept filled, and are forgotten.
constexpr auto refill_while_used_within = 2min;
constexpr auto forget_unused_after = 10min;

// Discoveries may be limited to ten a minute and take up to 2 s.
constexpr auto refill_interval_min = 6s;
constexpr auto refill_horizon = 15s;
constexpr double refill_covers_seconds = 5;
constexpr double refill_nonces_min = 8;
constexpr double refill_nonces_max = 200;

// The rate of leases is averaged over about this long.
constexpr double rate_memory_seconds = 5;

// A conversation leaves its instance when that has this many requests in flight, and twice as many as the least busy one.
constexpr int pile_up_min = 8;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double decayed(double rate, Duration age) {
    return rate * std::exp(-seconds(age) / rate_memory_seconds);
}

}  // namespace

Pools::Pools(std::mt19937_64 random, std::size_t pools_max) : random_(random), pools_(pools_max) {}

std::expected<Lease, Dry> Pools::lease(const PoolKey& pool_key, const LeaseRequest& request, TimePoint now) {
    Pool* pool = pools_.find(pool_key);
    if (pool == nullptr) return std::unexpected(Dry{});
    pool->lease_rate = decayed(pool->lease_rate, now - pool->used) + 1 / rate_memory_seconds;
    pool->used = now;

    const auto [best, excluded_any] = candidates(*pool, request, now);
    if (best.empty()) return std::unexpected(Dry{.only_excluded = excluded_any});
    auto& [id, instance] = *choose(best, request, now);

    LiveNonce taken = std::move(instance.nonces.back());
    instance.nonces.pop_back();
    instance.health->began();
    const LeaseId lease{++last_lease_};
    leases_.emplace(lease, Outstanding{pool_key, id, instance.health, now});
    return Lease{lease, id, std::move(taken.nonce), instance.key};
}

Pools::Candidates Pools::candidates(Pool& pool, const LeaseRequest& request, TimePoint now) {
    Candidates result;
    Standing best = Standing::resting;
    for (auto& entry : pool.instances) {
        auto& [id, instance] = entry;
        while (!instance.nonces.empty() && instance.nonces.back().usable_until <= now) instance.nonces.pop_back();
        if (instance.nonces.empty()) continue;
        if (std::find(request.exclude.begin(), request.exclude.end(), id) != request.exclude.end()) {
            result.excluded_any = true;
            continue;
        }
        const Standing standing = instance.health->standing(now);
        if (standing > best) continue;
        if (standing < best) result.best.clear();
        best = standing;
        result.best.push_back(&entry);
    }
    return result;
}

Pools::Candidate Pools::choose(const std::vector<Candidate>& best, const LeaseRequest& request, TimePoint now) {
    const auto in_flight = [](Candidate candidate) { return candidate->second.health->in_flight(); };
    base::InstanceId* home = nullptr;
    if (request.conversation) home = &conversations_[*request.conversation];
    if (home != nullptr && !home->text().empty()) {
        const auto at = std::find_if(best.begin(), best.end(), [&](Candidate candidate) { return candidate->first == *home; });
        if (at != best.end()) {
            const int least = in_flight(*std::min_element(
                best.begin(), best.end(), [&](Candidate a, Candidate b) { return in_flight(a) < in_flight(b); }));
            if (in_flight(*at) < pile_up_min || in_flight(*at) < 2 * least) return *at;
            home = nullptr;  // only this request goes elsewhere: the cache stays where it is
        }
    }

    // Power of two choices. An instance whose speed is not known counts as fast as the fastest, so that it gets tried.
    std::optional<Duration> fastest;
    for (const Candidate candidate : best) {
        const auto speed = candidate->second.health->time_to_first_event(now);
        if (speed && (!fastest || *speed < *fastest)) fastest = speed;
    }
    const auto cost = [&](Candidate candidate) {
        const auto speed = candidate->second.health->time_to_first_event(now);
        return (in_flight(candidate) + 1) * seconds(speed.value_or(fastest.value_or(1s)));
    };
    const auto below = [&](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); };
    Candidate chosen = best[below(best.size())];
    if (best.size() > 1) {
        Candidate other = chosen;
        while (other == chosen) other = best[below(best.size())];
        if (cost(other) < cost(chosen)) chosen = other;
    }
    if (home != nullptr) *home = chosen->first;
    return chosen;
}

void Pools::first_event(LeaseId lease, Duration since_sent, TimePoint now) {
    const auto found = leases_.find(lease);
    if (found != leases_.end()) found->second.health->first_event(since_sent, now);
}

void Pools::finished(LeaseId lease, Outcome outcome, TimePoint now) {
    const auto found = leases_.find(lease);
    if (found == leases_.end()) return;
    const Outstanding ended = std::move(found->second);
    leases_.erase(found);
    ended.health->ended(outcome, now);

    Pool* pool = pools_.find(ended.pool);
    if (pool == nullptr) return;
    if (outcome == Outcome::gone) {
        const auto instance = pool->instances.find(ended.instance);
        if (instance == pool->instances.end() || instance->second.health != ended.health) return;  // restarted meanwhile
        std::erase_if(instance->second.nonces, [&](const LiveNonce& nonce) { return nonce.sent <= ended.leased; });
    } else if (outcome == Outcome::pool_refused) {
        for (auto& [id, instance] : pool->instances) {
            std::erase_if(instance.nonces, [&](const LiveNonce& nonce) { return nonce.sent <= ended.leased; });
        }
    }
}

Duration Pools::limited_for(const PoolKey& pool, TimePoint now) const {
    const Pool* known = pools_.peek(pool);
    return known == nullptr ? Duration{} : known->fetch.limited_for(now);
}

void Pools::fetch_began(const PoolKey& pool_key, TimePoint now) {
    const bool made = pools_.peek(pool_key) == nullptr;
    Pool& pool = pools_[pool_key];
    if (made) pool.used = now;
    pool.fetched = now;
    pool.fetch.began(now);
}

void Pools::fetch_failed(const PoolKey& pool, FetchFailure failure, TimePoint now) {
    if (Pool* known = pools_.find(pool)) known->fetch.failed(now, failure);
}

void Pools::merge(const PoolKey& pool_key, Discovered discovered, TimePoint sent, TimePoint now) {
    const bool made = pools_.peek(pool_key) == nullptr;  // forgotten while the fetch ran
    Pool& pool = pools_[pool_key];
    if (made) pool.used = now;
    pool.fetch.succeeded();

    std::erase_if(pool.instances, [&](const auto& entry) {
        const Instance& instance = entry.second;
        return now - instance.discovered > forget_unused_after && instance.health->in_flight() == 0 &&
               (instance.nonces.empty() || instance.nonces.front().usable_until <= now);
    });
    // Of a life shorter than two margins, half: a relay with short-lived nonces can be used all the same.
    const Duration life = discovered.nonces_live_for;
    const TimePoint usable_until = sent + life - std::min<Duration>(base::limits::nonce_margin, life / 2);
    std::size_t room = base::limits::nonces_per_pool_max - std::min(base::limits::nonces_per_pool_max, usable_at(pool, now));
    for (DiscoveredInstance& row : discovered.instances) {
        Instance* instance = learn(pool, row, sent);
        if (instance == nullptr) continue;
        for (base::InvocationNonce& nonce : row.nonces) {
            if (room == 0) break;
            if (!seen_.insert(nonce, now)) continue;
            instance->nonces.push_back({std::move(nonce), sent, usable_until});
            --room;
        }
        std::sort(instance->nonces.begin(), instance->nonces.end(),
                  [](const LiveNonce& a, const LiveNonce& b) { return a.usable_until > b.usable_until; });
    }
}

Pools::Instance* Pools::learn(Pool& pool, const DiscoveredInstance& row, TimePoint sent) {
    auto found = pool.instances.find(row.id);
    if (found == pool.instances.end()) {
        if (pool.instances.size() >= base::limits::instances_per_pool_max) return nullptr;
        found = pool.instances.try_emplace(row.id).first;
    }
    Instance& instance = found->second;
    if (instance.key && instance.key->base64 != row.key->base64) {
        if (sent <= instance.discovered) return nullptr;  // an older answer, or one that contradicts itself
        instance = {};                                    // restarted: nothing of the old process counts
    }
    if (!instance.key) instance.key = row.key;
    instance.discovered = std::max(instance.discovered, sent);
    return &instance;
}

bool Pools::wants_refill(const Pool& pool, TimePoint now) {
    if (now - pool.used > refill_while_used_within || now - pool.fetched < refill_interval_min) return false;
    if (!pool.fetch.may_fetch_ahead(now)) return false;
    const double wanted =
        std::clamp(decayed(pool.lease_rate, now - pool.used) * refill_covers_seconds, refill_nonces_min, refill_nonces_max);
    std::size_t lasting = 0;
    for (const auto& [id, instance] : pool.instances) {
        if (instance.health->standing(now) == Standing::resting) continue;
        lasting += usable_at(instance, now + refill_horizon);
    }
    return static_cast<double>(lasting) < wanted;
}

bool Pools::refill_due(const PoolKey& pool, TimePoint now) const {
    const Pool* known = pools_.peek(pool);
    return known != nullptr && wants_refill(*known, now);
}

std::vector<PoolKey> Pools::due(TimePoint now) {
    pools_.erase_if(
        [&](const PoolKey&, const Pool& pool) { return now - pool.used > forget_unused_after && !pool.fetch.in_flight(now); });
    std::vector<PoolKey> keys;
    for (const auto& [key, pool] : pools_) {
        if (wants_refill(pool, now)) keys.push_back(key);
    }
    return keys;
}

std::size_t Pools::usable_at(const Instance& instance, TimePoint then) {
    return static_cast<std::size_t>(std::count_if(instance.nonces.begin(), instance.nonces.end(),
                                                  [&](const LiveNonce& nonce) { return then < nonce.usable_until; }));
}

std::size_t Pools::usable_at(const Pool& pool, TimePoint then) {
    std::size_t count = 0;
    for (const auto& [id, instance] : pool.instances) count += usable_at(instance, then);
    return count;
}

std::size_t Pools::live_nonces(const PoolKey& pool, TimePoint now) const {
    const Pool* known = pools_.peek(pool);
    return known == nullptr ? 0 : usable_at(*known, now);
}

}  // namespace discovery
