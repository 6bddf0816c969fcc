// What was fetched for each credential, kept for a while: model lists and aliases. Never fetches: it answers, says how old the
// answer is, and whether a fetch is in order. No locks: the edge calls it under one mutex.
//
//     const auto found = cache.find(credential, now);
//     if (cache.should_fetch(credential, now)) {
//         ... one flight for all who ask, then fetch_succeeded or fetch_failed, then find() again ...
//     }
//     if (found.value) use it, stale or not
#pragma once

#include "base/limits.h"
#include "discovery/fetch_state.h"
#include "discovery/keyed_hash.h"
#include "discovery/lru_map.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace discovery {

enum class Freshness : std::uint8_t { missing, stale, fresh };

template <class T>
struct FreshCacheFound {
    std::shared_ptr<const T> value;  // null only if missing
    Freshness freshness = Freshness::missing;
    bool recent = false;  // not older than twice the time it counts as fresh
};

template <class T>
class FreshCache {
public:
    using Found = FreshCacheFound<T>;

    explicit FreshCache(Duration fresh_for = base::limits::catalogue_ttl,
                        std::size_t credentials_max = base::limits::credentials_max)
        : fresh_for_(fresh_for), entries_(credentials_max) {}

    [[nodiscard]] Found find(const CredentialHash& credential, TimePoint now) {
        const Entry* entry = entries_.find(credential);
        if (entry == nullptr || !entry->value) return {};
        return {entry->value, now < entry->fresh_until ? Freshness::fresh : Freshness::stale,
                now < entry->fresh_until + fresh_for_};
    }

    // Whether the caller should fetch now: nothing fresh is held, and no failure holds it back. With
    // nothing held at all only a rate limit holds it back.
    [[nodiscard]] bool should_fetch(const CredentialHash& credential, TimePoint now) const {
        const Entry* entry = entries_.peek(credential);
        if (entry == nullptr) return true;
        if (!entry->value) return entry->fetch.may_fetch(now);
        return now >= entry->fresh_until && entry->fetch.may_fetch_ahead(now);
    }

    void fetch_succeeded(const CredentialHash& credential, T value, TimePoint now) {
        // Most credentials see the same list: they share one copy.
        if (!latest_ || !(*latest_ == value)) latest_ = std::make_shared<const T>(std::move(value));
        Entry& entry = entries_[credential];
        entry.value = latest_;
        entry.fresh_until = now + fresh_for_;
        entry.fetch.succeeded();
    }

    void fetch_failed(const CredentialHash& credential, FetchFailure failure, TimePoint now) {
        entries_[credential].fetch.failed(now, failure);
    }

    // How long a rate limit still holds fetches back; zero if none does.
    [[nodiscard]] Duration limited_for(const CredentialHash& credential, TimePoint now) const {
        const Entry* entry = entries_.peek(credential);
        return entry == nullptr ? Duration{} : entry->fetch.limited_for(now);
    }

private:
    struct Entry {
        std::shared_ptr<const T> value;
        TimePoint fresh_until{};
        FetchState fetch;
    };

    Duration fresh_for_;
    LruMap<CredentialHash, Entry> entries_;
    std::shared_ptr<const T> latest_;
};

}  // namespace discovery
