// The story of one encrypted request: read it, resolve its model, lease an instance, seal, invoke, open, answer.
#pragma once

#include "net/exchange.h"
#include "net/offload.h"
#include "options.h"
#include "proxy/answer.h"
#include "proxy/directory.h"
#include "proxy/routes.h"

#include <atomic>
#include <string>
#include <string_view>

namespace proxy {

// What a thread forwards with.
struct Forwarding {
    const Options& options;
    const base::Log& log;
    Directory& directory;
    net::ThreadPool& pool;
    std::atomic<std::size_t>& in_flight;  // requests of all threads that have been read and not yet answered
    Worker worker;
};

// What the log says of one request.
struct Account {
    std::string_view stage;  // how far it came, a literal
    std::string model;
    std::string chute;
    std::string instance;
    int attempts = 0;
};

// Answers one `RouteKind::encrypted` request with the caller's key. Never throws for anything a client or the relay does.
[[nodiscard]] net::Task<Account> forward(const Forwarding& forwarding, net::Exchange& exchange, Answer& answer, Route route,
                                         base::ApiKey key);

}  // namespace proxy
