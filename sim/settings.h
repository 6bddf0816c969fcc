// What tests may change while the simulator runs (POST /config, POST /latency).
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

using Milliseconds = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How the model server's bytes are cut into sealed chunks.
enum class Chunking {
    line,   // as real instances do: a line with its end, the blank line alone
    event,  // an event each
    whole,  // everything in one
    bytes,  // a byte each
    split,  // every event in two halves
};

[[nodiscard]] inline std::optional<Chunking> chunking_named(std::string_view name) {
    if (name == "line") return Chunking::line;
    if (name == "event") return Chunking::event;
    if (name == "whole") return Chunking::whole;
    if (name == "bytes") return Chunking::bytes;
    if (name == "split") return Chunking::split;
    return std::nullopt;
}

struct Latency {
    Milliseconds first_event{0};     // from the request to the first byte of the reply's body
    Milliseconds between_events{0};  // of a stream
};

struct Settings {
    Milliseconds nonce_ttl{60'000};
    Milliseconds clock_step{0};  // added to the relay's clock: nonces age at once
    std::size_t nonces_per_instance = 10;
    std::size_t instances_per_discovery = 5;
    std::size_t discoveries_per_minute = 0;  // per credential; 0: no limit
    std::size_t instance_capacity = 0;       // requests at once on one instance; 0: no limit
    int account_error = 0;                   // 401, 402, 429 or 503 for every invocation
    std::vector<std::string> credentials;    // empty: whatever starts with cpk_
    bool models_need_key = false;
    bool clear_usage = false;  // the relay mixes its clear-text usage events into streams
    Chunking chunking = Chunking::line;
    std::size_t write_size = 0;          // bytes of one HTTP chunk of a stream; 0: an event each
    std::size_t answer_deltas = 0;       // > 0: chat answers have so many deltas instead of an echo ...
    std::size_t answer_delta_size = 16;  // ... of so many bytes

    Milliseconds models_latency{0};
    Milliseconds discovery_latency{0};
    Latency latency;
    std::map<std::string, Latency, std::less<>> instance_latency;

    [[nodiscard]] const Latency& latency_of(std::string_view instance) const {
        const auto found = instance_latency.find(instance);
        return found == instance_latency.end() ? latency : found->second;
    }
};

}  // namespace sim
