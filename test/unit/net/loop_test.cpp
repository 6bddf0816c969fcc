#include "net/loop.h"

#include "fixture.h"
#include "net/offload.h"

namespace net_test {
namespace {

TEST(loop, deadlines_come_in_their_order_whatever_the_order_they_were_set_in) {
    net::Loop loop([](std::string_view) {});
    std::string order;
    net::Deadline late(loop, [&] {
        order += "late ";
        loop.stop();
    });
    net::Deadline early(loop, [&] { order += "early "; });
    net::Deadline cleared(loop, [&] { order += "cleared "; });
    net::Deadline moved(loop, [&] { order += "moved "; });
    net::Deadline never(loop, [&] { order += "never "; });
    const auto now = net::Clock::now();
    late.set(now + 30ms);
    cleared.set(now + 1ms);
    moved.set(now + 1ms);
    early.set(now + 10ms);
    moved.set(now + 20ms);
    never.set(net::Timepoint::max());
    cleared.clear();
    loop.run();
    EXPECT_EQ(order, "early moved late ");
    EXPECT_GE(net::Clock::now(), now + 30ms);
}

TEST(loop, a_deadline_may_destroy_itself) {
    net::Loop loop([](std::string_view) {});
    std::unique_ptr<net::Deadline> own;
    own = std::make_unique<net::Deadline>(loop, [&] {
        own.reset();
        loop.stop();
    });
    own->set(net::Clock::now());
    loop.run();
    EXPECT_EQ(own, nullptr);
}

TEST(loop, an_event_wakes_all_that_wait_and_a_cancellation_only_its_own) {
    LoopThread threads;
    net::Event event(threads.loop());
    net::Cancellation leaver;
    net::Cancellation stayer;
    std::array<std::promise<net::Wake>, 3> woken;
    const auto wait = [&](std::promise<net::Wake>& result, net::Cancellation& cancellation, net::Timepoint until) {
        threads.loop().spawn([&, until]() -> net::Task<void> { result.set_value(co_await event.wait(until, cancellation)); });
    };
    wait(woken[0], leaver, soon());
    wait(woken[1], stayer, soon());
    wait(woken[2], stayer, net::Clock::now() + 1ms);
    EXPECT_EQ(woken[2].get_future().get(), net::Wake::timeout);
    threads.call([&] { leaver.cancel(); });
    EXPECT_EQ(woken[0].get_future().get(), net::Wake::cancelled);
    threads.call([&] { event.notify(); });
    EXPECT_EQ(woken[1].get_future().get(), net::Wake::ready);
}

TEST(loop, waiting_for_what_is_cancelled_already_ends_at_once) {
    LoopThread threads;
    net::Cancellation cancellation;
    cancellation.cancel();
    const auto wake = threads.await<net::Wake>([&] { return net::sleep(threads.loop(), net::Timepoint::max(), cancellation); });
    EXPECT_EQ(wake, net::Wake::cancelled);
}

TEST(loop, coroutines_that_still_wait_are_destroyed_with_it) {
    const auto held = std::make_shared<int>(1);
    {
        LoopThread threads;
        auto cancellation = std::make_shared<net::Cancellation>();
        std::promise<void> waiting;
        threads.loop().spawn([&, cancellation, copy = held]() -> net::Task<void> {
            waiting.set_value();
            (void)co_await net::sleep(threads.loop(), net::Timepoint::max(), *cancellation);
            ADD_FAILURE() << "it went on";
        });
        waiting.get_future().get();
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(offload, runs_elsewhere_and_goes_on_here_with_the_result_or_the_exception) {
    net::ThreadPool pool(1);
    LoopThread threads;
    const auto here = threads.call([] { return std::this_thread::get_id(); });
    const auto answer = threads.await<int>([&]() -> net::Task<int> {
        const auto there = co_await net::offload(threads.loop(), pool, [] { return std::this_thread::get_id(); });
        EXPECT_NE(there, here);
        EXPECT_EQ(std::this_thread::get_id(), here);
        int caught = 0;
        try {
            caught = co_await net::offload(threads.loop(), pool, []() -> int { throw std::runtime_error("no"); });
        } catch (const std::runtime_error&) {
            caught = 42;
        }
        EXPECT_EQ(std::this_thread::get_id(), here);
        co_return caught;
    });
    EXPECT_EQ(answer, 42);
    pool.join();
}

}  // namespace
}  // namespace net_test
