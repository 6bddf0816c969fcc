// A random walk over everything a relay and requests may do, against a simple model of what must hold. Seeded: a failure
// repeats.
#include "discovery/pools.h"
#include "discovery/support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

namespace discovery {
namespace {

using namespace std::chrono_literals;
using test::start;

class Walk {
public:
    explicit Walk(unsigned seed) : random_(seed), pools_(std::mt19937_64(seed), 4) { keys_ = {test::any_key(), second_key()}; }

    void step() {
        switch (below(8)) {
            case 0:
            case 1:
                return merge();
            case 2:
                return finish();
            case 3:
                now_ += below(10) == 0 ? Duration(11min) : Duration(std::chrono::milliseconds(below(20'000)));
                return;
            case 4:
                for (const PoolKey& key : pools_.due(now_)) EXPECT_EQ(pools_.limited_for(key, now_), Duration{});
                return;
            default:
                return lease();
        }
    }

    [[nodiscard]] std::size_t leased() const { return spent_.size(); }
    [[nodiscard]] std::size_t dry() const { return dry_; }

    // After everything is given back nothing is out.
    void end() {
        while (!out_.empty()) finish();
        EXPECT_EQ(pools_.leases_out(), 0U);
    }

private:
    struct Offer {
        PoolKey pool;
        std::string instance;
        std::shared_ptr<const InstanceKey> key;
        TimePoint dies;
    };

    static const std::shared_ptr<const InstanceKey>& second_key() {
        static const auto key = test::make_key();
        return key;
    }
    std::size_t below(std::size_t count) { return random_() % count; }
    PoolKey some_pool() { return test::pool_of(static_cast<std::uint8_t>(1 + below(3)), below(2) ? "x" : "y"); }
    std::string some_instance() { return "i" + std::to_string(below(6)); }

    void merge() {
        const PoolKey pool = some_pool();
        const TimePoint sent = now_ - std::chrono::milliseconds(below(3000));
        const std::chrono::seconds life(1 + below(120));
        std::vector<test::Row> rows;
        for (std::size_t i = below(4) + 1; i > 0; --i) {
            test::Row row{some_instance(), {}, keys_[below(20) == 0 ? 1 : 0]};
            for (std::size_t n = below(6); n > 0; --n) {
                // A relay that lies offers old nonces again, to anybody.
                const std::string nonce = "n" + std::to_string(below(10) == 0 ? below(made_ + 1) : made_++);
                row.nonces.push_back(nonce);
                offers_.emplace(nonce, std::vector<Offer>{}).first->second.push_back({pool, row.id, row.key, sent + life});
            }
            rows.push_back(std::move(row));
        }
        pools_.merge(pool, test::discovered(rows, life), sent, now_);
    }

    void lease() {
        const PoolKey pool = some_pool();
        LeaseRequest request;
        std::vector<base::InstanceId> exclude;
        for (std::size_t i = below(3); i > 0; --i) exclude.emplace_back(some_instance());
        request.exclude = exclude;
        if (below(2)) request.conversation = test::conversation(static_cast<std::uint8_t>(below(5)));
        const std::size_t live_before = pools_.live_nonces(pool, now_);
        auto lease = pools_.lease(pool, request, now_);
        if (!lease) {
            ++dry_;
            if (exclude.empty()) EXPECT_EQ(live_before, 0U);
            return;
        }
        EXPECT_EQ(pools_.live_nonces(pool, now_), live_before - 1);
        const std::string nonce(lease->nonce.reveal());
        EXPECT_TRUE(spent_.insert(nonce).second) << "leased twice: " << nonce;
        EXPECT_EQ(std::count(exclude.begin(), exclude.end(), lease->instance), 0);
        const auto offers = offers_.find(nonce);
        ASSERT_NE(offers, offers_.end());
        // It was offered to this very credential and chute, for this instance under this key, and is alive.
        EXPECT_TRUE(std::any_of(offers->second.begin(), offers->second.end(), [&](const Offer& offer) {
            return offer.pool == pool && offer.instance == lease->instance.text() && offer.key->base64 == lease->key->base64 &&
                   now_ < offer.dies;
        })) << nonce;
        out_.push_back(lease->id);
    }

    void finish() {
        if (out_.empty()) return;
        static constexpr Outcome outcomes[] = {Outcome::answered, Outcome::answered,     Outcome::failed, Outcome::at_capacity,
                                               Outcome::gone,     Outcome::pool_refused, Outcome::neutral};
        std::swap(out_[below(out_.size())], out_.back());
        if (below(2)) pools_.first_event(out_.back(), std::chrono::milliseconds(below(5000)), now_);
        pools_.finished(out_.back(), outcomes[below(std::size(outcomes))], now_);
        out_.pop_back();
    }

    std::mt19937_64 random_;
    Pools pools_;
    TimePoint now_ = start;
    std::vector<std::shared_ptr<const InstanceKey>> keys_;
    std::map<std::string, std::vector<Offer>> offers_;
    std::set<std::string> spent_;
    std::vector<LeaseId> out_;
    std::size_t made_ = 0;
    std::size_t dry_ = 0;
};

TEST(pools_random, whatever_happens_no_nonce_is_leased_twice_dead_or_to_others) {
    std::size_t leased = 0;
    std::size_t dry = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk(seed);
        for (int i = 0; i < 1500; ++i) walk.step();
        walk.end();
        leased += walk.leased();
        dry += walk.dry();
    }
    EXPECT_GT(leased, 5000U);  // the walk went somewhere
    EXPECT_GT(dry, 1000U);
}

}  // namespace
}  // namespace discovery
