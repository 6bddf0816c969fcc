#include "discovery/pools.h"

#include "discovery/support.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace discovery {
namespace {

using namespace std::chrono_literals;
using base::InstanceId;
using test::conversation;
using test::discovered;
using test::nonces;
using test::pool_of;
using test::start;

const PoolKey pool = pool_of(1);

Pools make_pools(unsigned seed = 1) {
    return Pools(std::mt19937_64(seed));
}

Pools filled(const std::vector<test::Row>& rows) {
    Pools pools = make_pools();
    pools.merge(pool, discovered(rows), start, start);
    return pools;
}

std::string nonce_of(const std::expected<Lease, Dry>& lease) {
    return lease ? std::string(lease->nonce.reveal()) : "dry";
}

std::string instance_of(const std::expected<Lease, Dry>& lease) {
    return lease ? lease->instance.text() : "dry";
}

// Leases until the pool is dry and gives everything back.
std::vector<std::string> drain(Pools& pools, const PoolKey& key, TimePoint now) {
    std::vector<std::string> result;
    while (auto lease = pools.lease(key, {}, now)) {
        result.emplace_back(lease->nonce.reveal());
        pools.finished(lease->id, Outcome::neutral, now);
    }
    return result;
}

// --- nonces ---

TEST(pools, a_nonce_is_never_leased_twice) {
    Pools pools = filled({{"a", nonces("a", 10)}, {"b", nonces("b", 10)}});
    const auto leased = drain(pools, pool, start);
    EXPECT_EQ(std::set(leased.begin(), leased.end()).size(), 20U);
    EXPECT_EQ(leased.size(), 20U);
}

TEST(pools, a_nonce_that_the_relay_offers_again_is_not_taken_again) {
    Pools pools = filled({{"a", {"n-1", "n-1", "n-2"}}, {"b", {"n-2", "n-3"}}});
    EXPECT_EQ(pools.live_nonces(pool, start), 3U);
    EXPECT_EQ(drain(pools, pool, start).size(), 3U);
    pools.merge(pool, discovered({{"a", {"n-1", "n-2"}}, {"c", {"n-3", "n-4"}}}), start + 1s, start + 1s);
    EXPECT_EQ(drain(pools, pool, start + 1s), std::vector<std::string>{"n-4"});
    pools.merge(pool, discovered({{"a", {"n-1"}}}), start + 24h, start + 24h);
    EXPECT_EQ(nonce_of(pools.lease(pool, {}, start + 24h)), "dry");
}

TEST(pools, a_nonce_that_would_expire_within_the_margin_is_not_leased) {
    const TimePoint last = start + 60s - base::limits::nonce_margin;
    Pools before = filled({{"a", {"n-1"}}});
    EXPECT_EQ(nonce_of(before.lease(pool, {}, last - 1ms)), "n-1");
    Pools after = filled({{"a", {"n-1"}}});
    EXPECT_EQ(nonce_of(after.lease(pool, {}, last)), "dry");
    EXPECT_EQ(after.live_nonces(pool, last), 0U);
}

TEST(pools, a_nonce_ages_from_the_sending_of_the_discovery_request) {
    Pools pools = make_pools();
    pools.merge(pool, discovered({{"a", {"n-1"}}}), start, start + 54s);
    EXPECT_EQ(nonce_of(pools.lease(pool, {}, start + 55s)), "dry");
}

TEST(pools, a_relay_with_short_lived_nonces_can_be_used) {
    Pools pools = make_pools();
    pools.merge(pool, discovered({{"a", {"n-1", "n-2"}}}, 4s), start, start);
    EXPECT_TRUE(pools.lease(pool, {}, start + 2s - 1ms));
    EXPECT_FALSE(pools.lease(pool, {}, start + 2s));
}

TEST(pools, later_discoveries_add_to_earlier_ones_and_the_soonest_to_die_goes_first) {
    Pools pools = filled({{"a", {"old"}}});
    pools.merge(pool, discovered({{"a", {"new"}}, {"b", {"other"}}}), start + 10s, start + 10s);
    EXPECT_EQ(pools.live_nonces(pool, start + 10s), 3U);
    const InstanceId b("b");
    EXPECT_EQ(nonce_of(pools.lease(pool, {.exclude = {&b, 1}}, start + 10s)), "old");
    EXPECT_EQ(nonce_of(pools.lease(pool, {.exclude = {&b, 1}}, start + 10s)), "new");
}

TEST(pools, credentials_and_chutes_never_share_a_nonce) {
    Pools pools = filled({{"a", nonces("one", 5)}});
    const PoolKey other_credential = pool_of(2);
    const PoolKey other_chute = pool_of(1, "other");
    EXPECT_EQ(nonce_of(pools.lease(other_credential, {}, start)), "dry");
    EXPECT_EQ(nonce_of(pools.lease(other_chute, {}, start)), "dry");
    // Even if the relay offers them to both.
    pools.merge(other_credential, discovered({{"a", nonces("one", 6)}}), start, start);
    EXPECT_EQ(drain(pools, other_credential, start), std::vector<std::string>{"one-5"});
    EXPECT_EQ(drain(pools, pool, start).size(), 5U);
}

TEST(pools, an_instance_that_comes_back_with_another_key_loses_its_old_nonces) {
    const auto new_key = test::make_key();
    Pools pools = filled({{"a", {"a-old"}}, {"b", {"b-old"}}});
    pools.merge(pool, discovered({{"a", {"a-new"}, new_key}}), start + 1s, start + 1s);
    std::map<std::string, std::shared_ptr<const InstanceKey>> keys;
    while (auto lease = pools.lease(pool, {}, start + 1s)) keys[std::string(lease->nonce.reveal())] = lease->key;
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys.at("a-new"), new_key);
    EXPECT_EQ(keys.at("b-old"), test::any_key());
}

TEST(pools, an_older_answer_does_not_bring_an_old_key_back) {
    const auto new_key = test::make_key();
    Pools pools = make_pools();
    pools.merge(pool, discovered({{"a", {"a-new"}, new_key}}), start + 1s, start + 1s);
    pools.merge(pool, discovered({{"a", {"a-old"}}}), start, start + 2s);
    auto lease = pools.lease(pool, {}, start + 2s);
    EXPECT_EQ(nonce_of(lease), "a-new");
    EXPECT_EQ(lease->key, new_key);
    EXPECT_EQ(nonce_of(pools.lease(pool, {}, start + 2s)), "dry");
}

TEST(pools, an_answer_that_names_one_instance_with_two_keys_is_believed_once) {
    Pools pools = filled({{"a", {"n-1"}}, {"a", {"n-2"}, test::make_key()}});
    EXPECT_EQ(drain(pools, pool, start), std::vector<std::string>{"n-1"});
}

TEST(pools, a_key_that_is_known_is_kept_as_it_was_parsed) {
    const auto again = std::make_shared<const InstanceKey>(*test::any_key());
    Pools pools = filled({{"a", {}}});
    pools.merge(pool, discovered({{"a", {"n-1"}, again}}), start + 1s, start + 1s);
    EXPECT_EQ(pools.lease(pool, {}, start + 1s)->key, test::any_key());
}

TEST(pools, a_refused_nonce_drops_what_was_discovered_before_its_lease_and_nothing_later) {
    Pools pools = filled({{"a", nonces("a", 3)}, {"b", nonces("b", 3)}});
    const auto refused = pools.lease(pool, {}, start + 1s);
    pools.merge(pool, discovered({{"a", {"fresh"}}}), start + 2s, start + 3s);
    pools.finished(refused->id, Outcome::pool_refused, start + 4s);
    EXPECT_EQ(drain(pools, pool, start + 4s), std::vector<std::string>{"fresh"});
}

TEST(pools, a_gone_instance_loses_its_nonces_and_the_others_keep_theirs) {
    Pools pools = filled({{"a", nonces("a", 3)}, {"b", nonces("b", 3)}});
    const InstanceId b("b");
    pools.finished(pools.lease(pool, {.exclude = {&b, 1}}, start)->id, Outcome::gone, start);
    EXPECT_EQ(pools.live_nonces(pool, start), 3U);
    EXPECT_EQ(instance_of(pools.lease(pool, {}, start)), "b");
}

TEST(pools, what_a_restarted_instance_did_before_does_not_count_against_it) {
    Pools pools = filled({{"a", {"a-1", "a-2"}}});
    const auto before = pools.lease(pool, {}, start);
    pools.merge(pool, discovered({{"a", {"a-3"}, test::make_key()}, {"b", {"b-1"}}}), start + 1s, start + 1s);
    pools.finished(before->id, Outcome::gone, start + 2s);
    const InstanceId b("b");
    EXPECT_EQ(nonce_of(pools.lease(pool, {.exclude = {&b, 1}}, start + 2s)), "a-3");
}

TEST(pools, no_pool_grows_over_its_limits) {
    Pools pools = make_pools();
    for (int round = 0; round < 10; ++round) {
        std::vector<test::Row> rows;
        for (int i = 0; i < 64; ++i) {
            const std::string id = std::to_string(round) + "-" + std::to_string(i);
            rows.push_back({id, nonces(id, 64)});
        }
        pools.merge(pool, discovered(rows), start, start);
    }
    EXPECT_EQ(pools.live_nonces(pool, start), base::limits::nonces_per_pool_max);
}

// --- excluding, resting, avoiding ---

TEST(pools, an_excluded_instance_is_never_leased_and_the_caller_is_told) {
    Pools pools = filled({{"a", nonces("a", 3)}, {"b", nonces("b", 1)}});
    const InstanceId a("a");
    EXPECT_EQ(instance_of(pools.lease(pool, {.exclude = {&a, 1}}, start)), "b");
    const auto none = pools.lease(pool, {.exclude = {&a, 1}}, start);
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().only_excluded);
    EXPECT_FALSE(pools.lease(pool_of(9), {}, start).error().only_excluded);
}

// Twenty leases in a row, all of them given back.
std::set<std::string> instances_used(Pools& pools, TimePoint now) {
    std::set<std::string> used;
    for (int i = 0; i < 20; ++i) {
        auto lease = pools.lease(pool, {}, now);
        if (!lease) break;
        used.insert(lease->instance.text());
        pools.finished(lease->id, Outcome::neutral, now);
    }
    return used;
}

// The first lease is of "a".
LeaseId lease_of_a(Pools& pools, TimePoint now) {
    const InstanceId b("b");
    return pools.lease(pool, {.exclude = {&b, 1}}, now)->id;
}

TEST(pools, a_failing_instance_rests_longer_each_time_up_to_a_minute) {
    Duration rest = Health::rest_min;
    Pools pools = make_pools();
    TimePoint now = start;
    for (int i = 0; i < 10; ++i) {
        pools.merge(pool,
                    discovered({{"a", nonces("a" + std::to_string(i), 60)}, {"b", nonces("b" + std::to_string(i), 60)}}, 600s),
                    now, now);
        pools.finished(lease_of_a(pools, now), Outcome::failed, now);
        EXPECT_EQ(instances_used(pools, now + rest - 1ms), std::set<std::string>{"b"}) << i;
        EXPECT_EQ(instances_used(pools, now + rest).size(), 2U) << i;
        now += rest;
        rest = std::min<Duration>(rest * 2, Health::rest_max);
    }
}

TEST(pools, an_answer_ends_the_row_of_failures) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}});
    for (int i = 0; i < 3; ++i) pools.finished(lease_of_a(pools, start), Outcome::failed, start);
    pools.finished(lease_of_a(pools, start), Outcome::answered, start);
    EXPECT_EQ(instances_used(pools, start).size(), 2U);
    pools.finished(lease_of_a(pools, start), Outcome::failed, start);
    EXPECT_EQ(instances_used(pools, start + Health::rest_min).size(), 2U);
}

TEST(pools, a_full_instance_is_avoided_for_a_moment_and_does_not_rest) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}});
    for (int i = 0; i < 5; ++i) pools.finished(lease_of_a(pools, start), Outcome::at_capacity, start);
    EXPECT_EQ(instances_used(pools, start + Health::avoid_for - 1ms), std::set<std::string>{"b"});
    EXPECT_EQ(instances_used(pools, start + Health::avoid_for).size(), 2U);
}

TEST(pools, an_outcome_that_says_nothing_changes_nothing) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}});
    for (int i = 0; i < 5; ++i) pools.finished(lease_of_a(pools, start), Outcome::neutral, start);
    EXPECT_EQ(instances_used(pools, start).size(), 2U);
}

TEST(pools, avoided_instances_are_used_before_resting_ones_and_these_before_none) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", {"b-1", "b-2"}}});
    pools.finished(lease_of_a(pools, start), Outcome::failed, start);
    const InstanceId a("a");
    pools.finished(pools.lease(pool, {.exclude = {&a, 1}}, start)->id, Outcome::at_capacity, start);
    EXPECT_EQ(instance_of(pools.lease(pool, {}, start)), "b");
    EXPECT_EQ(instance_of(pools.lease(pool, {}, start)), "a");
}

// --- choice ---

TEST(pools, a_conversation_stays_on_its_instance) {
    Pools pools = filled({{"a", nonces("a", 40)}, {"b", nonces("b", 40)}, {"c", nonces("c", 40)}});
    const std::string home = instance_of(pools.lease(pool, {.conversation = conversation(7)}, start));
    for (int i = 0; i < 7; ++i) EXPECT_EQ(instance_of(pools.lease(pool, {.conversation = conversation(7)}, start)), home);
}

TEST(pools, many_conversations_spread_over_the_instances) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}, {"c", nonces("c", 60)}});
    std::map<std::string, int> count;
    for (std::uint8_t i = 0; i < 60; ++i) ++count[instance_of(pools.lease(pool, {.conversation = conversation(i)}, start))];
    for (const char* id : {"a", "b", "c"}) EXPECT_NEAR(count[id], 20, 5) << id;
}

TEST(pools, a_conversation_moves_when_its_instance_cannot_be_had_and_stays_where_it_went) {
    Pools pools = filled({{"a", nonces("a", 40)}, {"b", nonces("b", 40)}, {"c", nonces("c", 40)}});
    const InstanceId home = pools.lease(pool, {.conversation = conversation(7)}, start)->instance;
    const std::string next = instance_of(pools.lease(pool, {.conversation = conversation(7), .exclude = {&home, 1}}, start));
    EXPECT_NE(next, home.text());
    EXPECT_EQ(instance_of(pools.lease(pool, {.conversation = conversation(7)}, start)), next);
}

TEST(pools, a_conversation_does_not_wait_for_a_nonce_of_its_instance) {
    Pools pools = filled({{"a", {"a-1"}}, {"b", {"b-1"}}});
    const std::string home = instance_of(pools.lease(pool, {.conversation = conversation(7)}, start));
    const std::string next = instance_of(pools.lease(pool, {.conversation = conversation(7)}, start));
    EXPECT_NE(next, "dry");
    EXPECT_NE(next, home);
}

TEST(pools, a_resting_instance_loses_its_conversations) {
    Pools pools = filled({{"a", nonces("a", 40)}, {"b", nonces("b", 40)}});
    const auto first = pools.lease(pool, {.conversation = conversation(7)}, start);
    pools.finished(first->id, Outcome::failed, start);
    EXPECT_NE(instance_of(pools.lease(pool, {.conversation = conversation(7)}, start)), first->instance.text());
}

TEST(pools, requests_of_one_conversation_do_not_pile_up_on_one_instance_and_its_home_stays) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}, {"c", nonces("c", 60)}});
    std::map<std::string, int> in_flight;
    std::vector<LeaseId> out;
    const std::string home = instance_of(pools.lease(pool, {.conversation = conversation(7)}, start));
    for (int i = 0; i < 59; ++i) {
        auto lease = pools.lease(pool, {.conversation = conversation(7)}, start);
        out.push_back(lease->id);
        ++in_flight[lease->instance.text()];
    }
    EXPECT_EQ(in_flight.size(), 3U);
    for (const auto& [id, count] : in_flight) EXPECT_LE(count, 40) << id;
    for (const LeaseId id : out) pools.finished(id, Outcome::answered, start);
    EXPECT_EQ(instance_of(pools.lease(pool, {.conversation = conversation(7)}, start)), home);
}

TEST(pools, new_requests_spread_by_what_is_in_flight) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}, {"c", nonces("c", 60)}, {"d", nonces("d", 60)}});
    std::map<std::string, int> in_flight;
    for (int i = 0; i < 100; ++i) ++in_flight[instance_of(pools.lease(pool, {}, start))];
    for (const auto& [id, count] : in_flight) EXPECT_NEAR(count, 25, 4) << id;
    EXPECT_EQ(pools.leases_out(), 100U);
}

TEST(pools, a_faster_instance_gets_more_requests_and_a_slow_one_is_tried_again_after_a_while) {
    Pools pools = filled({{"a", nonces("a", 60)}, {"b", nonces("b", 60)}});
    const LeaseId slow = lease_of_a(pools, start);
    pools.first_event(slow, 2s, start);
    pools.finished(slow, Outcome::answered, start);
    const InstanceId a("a");
    const auto fast = pools.lease(pool, {.exclude = {&a, 1}}, start);
    pools.first_event(fast->id, 100ms, start);
    pools.finished(fast->id, Outcome::answered, start);
    EXPECT_EQ(instances_used(pools, start), std::set<std::string>{"b"});
    pools.merge(pool, discovered({{"a", nonces("x", 20)}, {"b", nonces("y", 20)}}), start + 61s, start + 61s);
    EXPECT_EQ(instances_used(pools, start + 61s).size(), 2U);
}

TEST(pools, the_same_seed_makes_the_same_choices) {
    const auto run = [](unsigned seed) {
        Pools pools = make_pools(seed);
        pools.merge(pool, discovered({{"a", nonces("a", 20)}, {"b", nonces("b", 20)}, {"c", nonces("c", 20)}}), start, start);
        return drain(pools, pool, start);
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

TEST(pools, finishing_twice_or_a_lease_that_never_was_changes_nothing) {
    Pools pools = filled({{"a", nonces("a", 10)}, {"b", nonces("b", 10)}});
    const LeaseId lease = lease_of_a(pools, start);
    pools.finished(lease, Outcome::answered, start);
    pools.finished(lease, Outcome::failed, start);
    pools.finished(LeaseId{12345}, Outcome::failed, start);
    pools.first_event(lease, 100s, start);
    EXPECT_EQ(pools.leases_out(), 0U);
    EXPECT_EQ(instances_used(pools, start).size(), 2U);
}

}  // namespace
}  // namespace discovery
