// When a pool is to be fetched for, and when it is forgotten.
#include "discovery/pools.h"
#include "discovery/support.h"

#include <gtest/gtest.h>

#include <string>

namespace discovery {
namespace {

using namespace std::chrono_literals;
using test::discovered;
using test::nonces;
using test::pool_of;
using test::start;

const PoolKey pool = pool_of(1);

// Fetched at `start` with 20 nonces for 60 s, and used once.
Pools in_use() {
    Pools pools(std::mt19937_64(1));
    pools.fetch_began(pool, start);
    pools.merge(pool, discovered({{"a", nonces("a", 10)}, {"b", nonces("b", 10)}}), start, start);
    const auto lease = pools.lease(pool, {}, start);
    pools.finished(lease->id, Outcome::answered, start);
    return pools;
}

TEST(refill, a_full_pool_needs_none_until_its_nonces_near_their_end) {
    const Pools pools = in_use();
    EXPECT_FALSE(pools.refill_due(pool, start + 10s));
    EXPECT_FALSE(pools.refill_due(pool, start + 40s - 1ms));
    EXPECT_TRUE(pools.refill_due(pool, start + 40s));
}

TEST(refill, a_pool_that_runs_low_is_refilled_before_it_is_dry) {
    Pools pools = in_use();
    int leased = 0;
    const TimePoint now = start + 10s;
    while (!pools.refill_due(pool, now)) {
        ASSERT_TRUE(pools.lease(pool, {}, now));
        ++leased;
    }
    EXPECT_GT(leased, 0);
    EXPECT_GE(pools.live_nonces(pool, now), 7U);
}

TEST(refill, heavier_use_wants_more_nonces_ahead) {
    Pools pools(std::mt19937_64(1));
    pools.merge(pool, discovered({{"a", nonces("a", 64)}, {"b", nonces("b", 64)}}), start, start);
    for (int i = 0; i < 90; ++i) ASSERT_TRUE(pools.lease(pool, {}, start + i * 50ms));  // 20 a second
    const TimePoint busy = start + 90 * 50ms;
    ASSERT_EQ(pools.live_nonces(pool, busy), 38U);
    EXPECT_TRUE(pools.refill_due(pool, busy));
    EXPECT_FALSE(pools.refill_due(pool, busy + 20s));  // the rush is over
}

TEST(refill, a_pool_of_resting_instances_wants_others) {
    Pools pools = in_use();
    const TimePoint now = start + 10s;
    for (int i = 0; i < 8; ++i) pools.finished(pools.lease(pool, {}, now)->id, Outcome::failed, now);
    EXPECT_GE(pools.live_nonces(pool, now), 8U);
    EXPECT_TRUE(pools.refill_due(pool, now));
}

TEST(refill, none_while_a_flight_is_up_or_just_was) {
    Pools pools = in_use();
    const TimePoint now = start + 45s;
    ASSERT_TRUE(pools.refill_due(pool, now));
    EXPECT_EQ(pools.due(now), std::vector{pool});
    pools.fetch_began(pool, now);
    EXPECT_FALSE(pools.refill_due(pool, now + 20s));
    EXPECT_TRUE(pools.due(now).empty());
    pools.merge(pool, discovered({{"a", {"only-1"}}}), now, now + 1s);
    EXPECT_FALSE(pools.refill_due(pool, now + 2s));
    EXPECT_TRUE(pools.refill_due(pool, now + 6s));
}

TEST(refill, a_rate_limit_holds_back_refills_and_requests) {
    Pools pools = in_use();
    const TimePoint now = start + 45s;
    pools.fetch_began(pool, now);
    pools.fetch_failed(pool, FetchFailure::rate_limited, now);
    EXPECT_GT(pools.limited_for(pool, now + 1s), 4s);
    EXPECT_FALSE(pools.refill_due(pool, now + 1s));
    EXPECT_TRUE(pools.refill_due(pool, now + 6s));
}

TEST(refill, another_failure_holds_back_refills_only) {
    Pools pools = in_use();
    const TimePoint now = start + 45s;
    for (int i = 0; i < 5; ++i) pools.fetch_failed(pool, FetchFailure::failed, now);
    EXPECT_FALSE(pools.refill_due(pool, now + 7s));
    EXPECT_EQ(pools.limited_for(pool, now), Duration{});
    EXPECT_TRUE(pools.refill_due(pool, now + 8s));
}

TEST(refill, an_unused_pool_is_left_alone_and_then_forgotten) {
    Pools pools = in_use();
    EXPECT_TRUE(pools.refill_due(pool, start + 2min));
    EXPECT_FALSE(pools.refill_due(pool, start + 2min + 1s));
    EXPECT_TRUE(pools.due(start + 10min).empty());
    EXPECT_EQ(pools.pools(), 1U);
    EXPECT_TRUE(pools.due(start + 10min + 1s).empty());
    EXPECT_EQ(pools.pools(), 0U);
    EXPECT_FALSE(pools.refill_due(pool, start + 11min));
}

TEST(refill, asking_a_dry_pool_counts_as_use) {
    Pools pools = in_use();
    EXPECT_FALSE(pools.lease(pool, {}, start + 9min));
    EXPECT_EQ(pools.due(start + 10min + 1s), std::vector{pool});
}

TEST(pools_limit, there_are_no_more_pools_than_allowed_and_the_least_used_goes) {
    Pools pools(std::mt19937_64(1), 3);
    for (std::uint8_t i = 1; i <= 3; ++i)
        pools.merge(pool_of(i), discovered({{"a", nonces(std::to_string(i), 3)}}), start, start);
    const auto lease = pools.lease(pool_of(1), {}, start);
    pools.merge(pool_of(4), discovered({{"a", {"4-0"}}}), start, start);
    EXPECT_EQ(pools.pools(), 3U);
    EXPECT_EQ(pools.live_nonces(pool_of(1), start), 2U);
    EXPECT_EQ(pools.live_nonces(pool_of(2), start), 0U);
}

TEST(pools_limit, a_lease_of_a_pool_that_was_forgotten_can_still_be_finished) {
    Pools pools(std::mt19937_64(1), 1);
    pools.merge(pool_of(1), discovered({{"a", {"n-1"}}}), start, start);
    const auto lease = pools.lease(pool_of(1), {}, start);
    pools.merge(pool_of(2), discovered({{"a", {"n-2"}}}), start, start);
    pools.first_event(lease->id, 1s, start);
    pools.finished(lease->id, Outcome::gone, start);
    EXPECT_EQ(pools.leases_out(), 0U);
    EXPECT_EQ(pools.live_nonces(pool_of(2), start), 1U);
}

}  // namespace
}  // namespace discovery
