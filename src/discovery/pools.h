// Pools of invocation nonces, one per (credential, chute), and the choice of the instance for each attempt (protocol page,
// "Discovery and nonces", "Prompt caches and stickiness"). Pure: time is a parameter, random choice is seeded, nothing is
// fetched: a lease is given or the caller is told that the pool is dry. No locks: the edge calls it under one mutex.
//
//     lease()            → dry and not limited_for()? fetch_began(), GET, merge() or fetch_failed(), lease() again
//     first_event()        when the instance's first event came
//     finished()           exactly once per lease, whatever happened
//     due()                each second: pools to fetch for ahead of need
#pragma once

#include "base/ids.h"
#include "base/limits.h"
#include "discovery/fetch_state.h"
#include "discovery/health.h"
#include "discovery/instances.h"
#include "discovery/keyed_hash.h"
#include "discovery/lru_map.h"
#include "discovery/seen_nonces.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace discovery {

struct PoolKey {
    CredentialHash credential;
    base::ChuteId chute;

    friend auto operator<=>(const PoolKey&, const PoolKey&) = default;
};

struct PoolKeyHash {
    std::size_t operator()(const PoolKey& key) const noexcept {
        return std::hash<CredentialHash>{}(key.credential) ^ std::hash<base::ChuteId>{}(key.chute);
    }
};

// Names one lease until it is finished.
enum class LeaseId : std::uint64_t {};

// The right to send one request to one instance. The nonce counts as spent from here on.
struct Lease {
    LeaseId id{};
    base::InstanceId instance;
    base::InvocationNonce nonce;
    std::shared_ptr<const InstanceKey> key;
};

struct LeaseRequest {
    std::optional<ConversationKey> conversation = {};  // preferred: the instance that had it last
    std::span<const base::InstanceId> exclude = {};    // instances that failed this request already
};

// No lease. `only_excluded`: live nonces are there, but only of excluded instances (a fetch may still bring others).
struct Dry {
    bool only_excluded = false;
};

class Pools {
public:
    explicit Pools(std::mt19937_64 random, std::size_t pools_max = base::limits::pools_max);

    // --- requests ---

    // A nonce is given once and never again, whatever later discoveries claim, nor one that dies within limits::nonce_margin.
    // Prefers the conversation's instance, else the better of two random ones by requests in flight and time to the first
    // event. Instances that are avoided or rest come last, excluded ones never.
    [[nodiscard]] std::expected<Lease, Dry> lease(const PoolKey& pool, const LeaseRequest& request, TimePoint now);
    void first_event(LeaseId lease, Duration since_sent, TimePoint now);
    void finished(LeaseId lease, Outcome outcome, TimePoint now);

    // --- fetching ---

    // How long a rate limit still forbids to fetch; zero if none does. A request that found the pool dry waits for nothing
    // else.
    [[nodiscard]] Duration limited_for(const PoolKey& pool, TimePoint now) const;

    void fetch_began(const PoolKey& pool, TimePoint now);
    // The fetch succeeded: nonces are added, instances learned; one that came with another key was restarted and loses its old
    // nonces. `sent`: when the discovery request was sent, from which its nonces age.
    void merge(const PoolKey& pool, Discovered discovered, TimePoint sent, TimePoint now);
    void fetch_failed(const PoolKey& pool, FetchFailure failure, TimePoint now);

    // Whether to fetch ahead of need: the pool was used in the last 2 minutes, fewer nonces than its use wants outlive the next
    // 15 s, and no flight or failure holds it back.
    [[nodiscard]] bool refill_due(const PoolKey& pool, TimePoint now) const;
    // All such pools. Also forgets pools that nobody used for 10 minutes.
    [[nodiscard]] std::vector<PoolKey> due(TimePoint now);

    // --- figures ---

    [[nodiscard]] std::size_t pools() const { return pools_.size(); }
    [[nodiscard]] std::size_t leases_out() const { return leases_.size(); }
    [[nodiscard]] std::size_t live_nonces(const PoolKey& pool, TimePoint now) const;

private:
    struct LiveNonce {
        base::InvocationNonce nonce;
        TimePoint sent;          // of the discovery request that brought it
        TimePoint usable_until;  // its death less the margin
    };
    struct Instance {
        std::shared_ptr<const InstanceKey> key;
        std::shared_ptr<Health> health = std::make_shared<Health>();
        std::vector<LiveNonce> nonces;  // the soonest to die last
        TimePoint discovered{};         // when the last discovery request that named it was sent
    };
    struct Pool {
        std::unordered_map<base::InstanceId, Instance> instances;
        FetchState fetch;
        TimePoint fetched{};    // when the last fetch began
        TimePoint used{};       // when a lease was last asked for
        double lease_rate = 0;  // per second, decaying average as of `used`
    };
    struct Outstanding {
        PoolKey pool;
        base::InstanceId instance;
        std::shared_ptr<Health> health;  // the instance may be forgotten meanwhile
        TimePoint leased;
    };
    using Candidate = std::unordered_map<base::InstanceId, Instance>::pointer;
    struct Candidates {
        std::vector<Candidate> best;  // those of the best standing that have a nonce
        bool excluded_any = false;
    };

    [[nodiscard]] static Candidates candidates(Pool& pool, const LeaseRequest& request, TimePoint now);
    [[nodiscard]] Candidate choose(const std::vector<Candidate>& best, const LeaseRequest& request, TimePoint now);
    // The instance of that row, new, known or restarted; nullptr if the row must not be used.
    [[nodiscard]] static Instance* learn(Pool& pool, const DiscoveredInstance& row, TimePoint sent);
    [[nodiscard]] static std::size_t usable_at(const Instance& instance, TimePoint then);
    [[nodiscard]] static std::size_t usable_at(const Pool& pool, TimePoint then);
    [[nodiscard]] static bool wants_refill(const Pool& pool, TimePoint now);

    std::mt19937_64 random_;
    LruMap<PoolKey, Pool, PoolKeyHash> pools_;
    LruMap<ConversationKey, base::InstanceId> conversations_{base::limits::conversations_max};
    SeenNonces seen_;
    std::unordered_map<LeaseId, Outstanding> leases_;
    std::uint64_t last_lease_ = 0;
};

}  // namespace discovery
