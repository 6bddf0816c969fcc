// Where a request can go: the edge around discovery/. Keeps model lists, aliases and instance pools for all threads behind one
// mutex, and fetches what they say is missing, one flight at a time, in the background where it can.
#pragma once

#include "api/failure.h"
#include "base/ids.h"
#include "base/log.h"
#include "discovery/catalogue.h"
#include "discovery/fresh_cache.h"
#include "discovery/keyed_hash.h"
#include "discovery/pools.h"
#include "net/loop.h"
#include "proxy/flights.h"
#include "proxy/relay.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// The thread on whose behalf something is fetched.
struct Worker {
    net::Loop& loop;
    Relay& relay;
};

// Whose request this is, and until when it may wait.
struct Caller {
    const base::ApiKey& key;
    discovery::CredentialHash credential;
    net::Cancellation& cancellation;
    net::Timepoint until;
};

class Directory {
public:
    explicit Directory(const base::Log& log);

    [[nodiscard]] discovery::CredentialHash credential(const base::ApiKey& key) const { return hasher_.credential(key); }
    [[nodiscard]] std::optional<discovery::ConversationKey> conversation(const discovery::CredentialHash& credential,
                                                                         const base::ModelName& model,
                                                                         const discovery::ConversationHints& hints) const {
        return hasher_.conversation(credential, model, hints);
    }

    // The chute a name stands for. Fetches the model list (and the aliases) when they are missing or old; one that has
    // just grown old serves while it is fetched again, unless it says no.
    [[nodiscard]] net::Task<api::Outcome<discovery::Target>> resolve(Worker worker, Caller caller, std::string name);

    // The right to send one request. Every lease must be given back with finished().
    [[nodiscard]] net::Task<api::Outcome<discovery::Lease>> lease(Worker worker, Caller caller, base::ChuteId chute,
                                                                  discovery::LeaseRequest request);
    void first_event(discovery::LeaseId lease, discovery::Duration since_sent);
    void finished(discovery::LeaseId lease, discovery::Outcome outcome);

    // Fetches ahead of need for the pools in use; to be called about once a second.
    void tick(Worker worker);

private:
    struct KeptKey {
        std::shared_ptr<const base::ApiKey> key;
        discovery::TimePoint used;
    };

    [[nodiscard]] std::shared_ptr<const base::ApiKey> keep(const Caller& caller);
    // A list (Catalogue or Aliases) of the caller. `recent`: one that has just grown old will do, and is replaced in the
    // background; `fresh`: waits for a new one. Where the fetch fails an old one serves in any case.
    enum class Need : std::uint8_t { recent, fresh };
    template <class List>
    [[nodiscard]] net::Task<api::Outcome<discovery::FreshCacheFound<List>>> list(Worker worker, Caller caller, Need need);
    template <class List>
    [[nodiscard]] net::Task<api::Outcome<void>> fetch_list(Worker worker, std::shared_ptr<const base::ApiKey> key);
    template <class List>
    [[nodiscard]] discovery::FreshCache<List>& cache();

    [[nodiscard]] net::Task<api::Outcome<void>> fetch_pool(Worker worker, std::shared_ptr<const base::ApiKey> key,
                                                           base::ChuteId chute);

    const base::Log& log_;
    const discovery::KeyedHasher hasher_;
    Flights flights_;

    std::mutex mutex_;  // guards what follows
    discovery::FreshCache<discovery::Catalogue> catalogues_;
    discovery::FreshCache<discovery::Aliases> aliases_;
    discovery::Pools pools_;
    discovery::LruMap<discovery::CredentialHash, KeptKey> keys_;
};

}  // namespace proxy
