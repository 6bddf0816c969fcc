// What a coroutine is in this program: an awaitable on one thread's io_context. The executor's type is fixed, which is
// cheaper than the library's type-erased default.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task{};

using Clock = std::chrono::steady_clock;
using Timepoint = Clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace net
