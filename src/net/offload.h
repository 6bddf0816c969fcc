// Work that would keep a loop busy for too long (gzip of a large body) runs on a few threads of its own.
#pragma once

#include "net/loop.h"
#include "net/task.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace net {

// Join it before the loops that use it go.
using ThreadPool = asio::thread_pool;

// Runs `work` on the pool and goes on with its result on the loop. Cannot be cancelled: keep `work` short and bounded, and
// let it own what it works on.
template <class Work>
[[nodiscard]] Task<std::invoke_result_t<Work>> offload(Loop& loop, ThreadPool& pool, Work work) {
    std::optional<std::invoke_result_t<Work>> result;
    std::exception_ptr failure;
    Waiter done(loop);
    asio::post(pool, [&] {
        try {
            result.emplace(work());
        } catch (...) {
            failure = std::current_exception();
        }
        loop.post([&] { done.wake_now(Wake::ready); });
    });
    co_await done.park();
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*result);
}

}  // namespace net
