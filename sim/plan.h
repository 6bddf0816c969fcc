// Turns what a model server said into the steps of a sealed reply, spoiled by a fault if there is one. Pure.
#pragma once

#include "sim/faults.h"
#include "sim/reply.h"
#include "sim/settings.h"

#include <string>
#include <string_view>
#include <vector>

namespace sim {

// Cuts a stream's bytes after each blank line.
[[nodiscard]] std::vector<std::string> events_of(std::string_view sse);

struct StreamPlan {
    std::vector<std::string> events;
    Chunking chunking = Chunking::line;
    bool clear_usage = false;  // with the relay's clear-text usage events
    Hit fault = {};            // no name: none
};
[[nodiscard]] std::vector<Step> plan_stream(StreamPlan plan);

// The body of a reply that is not a stream.
[[nodiscard]] std::string plan_blob(std::string_view json, Sealer& sealer, const Hit& fault);

// The fault's effect on a reply that is otherwise complete: resets and stalls that strike streams and blobs alike.
void spoil_transport(Reply& reply, const Hit& fault);

}  // namespace sim
