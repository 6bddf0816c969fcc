// LruMap, FetchState, FreshCache.
#include "discovery/catalogue.h"
#include "discovery/fresh_cache.h"
#include "discovery/support.h"

#include <gtest/gtest.h>

#include <string>

namespace discovery {
namespace {

using namespace std::chrono_literals;
using test::credential;
using test::start;

TEST(lru_map, holds_no_more_than_its_size_and_drops_what_was_not_asked_for_the_longest) {
    LruMap<int, std::string> map(3);
    for (int i = 1; i <= 3; ++i) map[i] = std::to_string(i);
    ASSERT_NE(map.find(1), nullptr);
    map[4] = "4";
    EXPECT_EQ(map.size(), 3U);
    EXPECT_EQ(map.peek(2), nullptr);
    for (const int kept : {1, 3, 4}) EXPECT_EQ(*map.peek(kept), std::to_string(kept));
}

TEST(lru_map, a_peek_makes_nothing_recent) {
    LruMap<int, int> map(2);
    map[1] = 1;
    map[2] = 2;
    ASSERT_NE(map.peek(1), nullptr);
    map[3] = 3;
    EXPECT_EQ(map.peek(1), nullptr);
}

TEST(lru_map, erase_if_leaves_the_others_in_their_order) {
    LruMap<int, int> map(3);
    for (int i = 1; i <= 3; ++i) map[i] = i;
    map.erase_if([](int key, int) { return key == 2; });
    EXPECT_EQ(map.find(2), nullptr);
    map[4] = 4;
    map[5] = 5;
    EXPECT_EQ(map.peek(1), nullptr);
    EXPECT_NE(map.peek(3), nullptr);
}

TEST(fetch_state, one_flight_at_a_time_and_a_lost_one_ends) {
    FetchState state;
    EXPECT_TRUE(state.may_fetch(start));
    state.began(start);
    EXPECT_TRUE(state.in_flight(start));
    EXPECT_FALSE(state.may_fetch(start));
    EXPECT_FALSE(state.may_fetch(start + FetchState::flight_max - 1ms));
    EXPECT_TRUE(state.may_fetch(start + FetchState::flight_max));
}

TEST(fetch_state, failures_hold_back_what_is_ahead_of_need_and_double_up_to_a_bound) {
    FetchState state;
    TimePoint now = start;
    Duration wait = FetchState::failure_wait_min;
    for (int i = 0; i < 40; ++i) {
        state.began(now);
        state.failed(now, FetchFailure::failed);
        EXPECT_TRUE(state.may_fetch(now));
        EXPECT_EQ(state.limited_for(now), Duration{});
        EXPECT_FALSE(state.may_fetch_ahead(now + wait - 1ms)) << i;
        EXPECT_TRUE(state.may_fetch_ahead(now + wait)) << i;
        now += wait;
        wait = std::min<Duration>(wait * 2, FetchState::failure_wait_max);
    }
    state.succeeded();
    state.began(now);
    state.failed(now, FetchFailure::failed);
    EXPECT_TRUE(state.may_fetch_ahead(now + FetchState::failure_wait_min));
}

TEST(fetch_state, a_rate_limit_holds_back_everything) {
    FetchState state;
    state.began(start);
    state.failed(start, FetchFailure::rate_limited);
    EXPECT_FALSE(state.may_fetch(start));
    EXPECT_EQ(state.limited_for(start + 1s), FetchState::rate_limit_wait_min - 1s);
    EXPECT_TRUE(state.may_fetch_ahead(start + FetchState::rate_limit_wait_min));
    for (int i = 0; i < 40; ++i) state.failed(start, FetchFailure::rate_limited);
    EXPECT_EQ(state.limited_for(start), FetchState::rate_limit_wait_max);
}

using Cache = FreshCache<std::string>;

TEST(fresh_cache, a_value_is_fresh_for_its_time_and_stale_after_it) {
    Cache cache(300s, 10);
    EXPECT_EQ(cache.find(credential(1), start).freshness, Freshness::missing);
    EXPECT_TRUE(cache.should_fetch(credential(1), start));
    cache.fetch_succeeded(credential(1), "list", start);
    EXPECT_EQ(cache.find(credential(1), start + 300s - 1ms).freshness, Freshness::fresh);
    EXPECT_FALSE(cache.should_fetch(credential(1), start + 300s - 1ms));
    const auto found = cache.find(credential(1), start + 300s);
    EXPECT_EQ(found.freshness, Freshness::stale);
    EXPECT_EQ(*found.value, "list");
    EXPECT_TRUE(cache.should_fetch(credential(1), start + 300s));
}

TEST(fresh_cache, a_failed_fetch_leaves_the_stale_value_and_is_not_repeated_at_once) {
    Cache cache(300s, 10);
    cache.fetch_succeeded(credential(1), "list", start);
    const TimePoint later = start + 301s;
    cache.fetch_failed(credential(1), FetchFailure::failed, later);
    EXPECT_EQ(*cache.find(credential(1), later).value, "list");
    EXPECT_FALSE(cache.should_fetch(credential(1), later));
    EXPECT_TRUE(cache.should_fetch(credential(1), later + FetchState::failure_wait_min));
}

TEST(fresh_cache, without_a_stale_value_a_failure_does_not_hold_back_the_next_request) {
    Cache cache;
    cache.fetch_failed(credential(1), FetchFailure::failed, start);
    EXPECT_TRUE(cache.should_fetch(credential(1), start));
    cache.fetch_failed(credential(1), FetchFailure::rate_limited, start);
    EXPECT_FALSE(cache.should_fetch(credential(1), start));
    EXPECT_GT(cache.limited_for(credential(1), start), Duration{});
}

TEST(fresh_cache, credentials_do_not_see_each_others_values_but_share_equal_ones) {
    Cache cache;
    cache.fetch_succeeded(credential(1), "one", start);
    EXPECT_EQ(cache.find(credential(2), start).freshness, Freshness::missing);
    cache.fetch_succeeded(credential(2), "two", start);
    EXPECT_EQ(*cache.find(credential(1), start).value, "one");
    cache.fetch_succeeded(credential(3), "two", start);
    EXPECT_EQ(cache.find(credential(2), start).value, cache.find(credential(3), start).value);
}

TEST(fresh_cache, holds_no_more_credentials_than_its_limit) {
    Cache cache(300s, 2);
    for (std::uint8_t i = 1; i <= 3; ++i) cache.fetch_succeeded(credential(i), "list", start);
    EXPECT_EQ(cache.find(credential(1), start).freshness, Freshness::missing);
    EXPECT_EQ(cache.find(credential(3), start).freshness, Freshness::fresh);
}

TEST(fresh_cache, keeps_catalogues_and_aliases) {
    FreshCache<Catalogue> catalogues;
    catalogues.fetch_succeeded(credential(1), *Catalogue::parse(R"({"data":[{"id":"m","chute_id":"c"}]})"), start);
    EXPECT_NE(catalogues.find(credential(1), start).value->by_name("m"), nullptr);
    FreshCache<Aliases> aliases;
    aliases.fetch_succeeded(credential(1), Aliases{}, start);
    EXPECT_EQ(aliases.find(credential(1), start).value->find("a"), nullptr);
}

}  // namespace
}  // namespace discovery
