// The relay: routes, credentials, and what its listeners do with a request.
#pragma once

#include "sim/model_server.h"
#include "sim/reply.h"
#include "sim/simulation.h"
#include "sim/wire.h"

#include <optional>
#include <string>
#include <string_view>

namespace sim {

class Relay {
public:
    explicit Relay(Simulation& simulation) : sim_(simulation) {}

    // What the HTTPS and plain listeners serve.
    [[nodiscard]] Service service();

private:
    struct Answer {
        Reply reply;
        Latency latency;
        Instance* instance = nullptr;  // that worked on it
        bool stream = false;
    };

    Awaitable<void> handle(Wire& wire, const Request& request);
    Awaitable<void> deliver(Wire& wire, Entry& entry, Answer answer);
    Answer route(const Request& request, Entry& entry);
    bool credential_accepted(std::string_view credential) const;
    std::optional<Hit> strike(Entry& entry, const Faults::Occasion& occasion);

    // directory.cpp
    Reply models(Entry& entry);
    Reply aliases(Entry& entry);
    Reply discovery(Entry& entry, std::string_view chute);

    // invoke.cpp
    struct Invocation {
        Entry& entry;
        Instance& instance;
        std::string_view path;
        std::string_view envelope;
        bool stream = false;
        std::size_t key_generation = 0;  // of the key that came with the nonce
        bool wants_usage = false;        // the relay's clear-text usage events were not turned off
    };
    struct Sealing {
        const crypto::EncapsulationKey& key;
        Chunking chunking;
        const Hit& fault;
    };
    Answer invoke(const Request& request, Entry& entry);
    Answer compute(const Invocation& call, const Hit& fault);
    Answer seal(const Invocation& call, ModelReply said, const Sealing& sealing);

    Simulation& sim_;
};

}  // namespace sim
