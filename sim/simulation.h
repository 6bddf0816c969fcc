// Everything the simulator knows, in one place; one thread, so no locks.
#pragma once

#include "sim/faults.h"
#include "sim/record.h"
#include "sim/scripts.h"
#include "sim/settings.h"
#include "sim/tickets.h"
#include "sim/world.h"

#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace sim {

struct Simulation {
    Simulation(const std::string& log_file, std::uint64_t seed) : record(log_file), random(seed) {}

    World world;
    Tickets tickets;
    Record record;
    Faults faults;
    Scripts scripts;
    Settings settings;
    Random random;
    std::unordered_map<std::string, std::deque<Clock::time_point>> discoveries;  // by credential, of the last minute
    std::unordered_set<std::string> response_keys;                               // hashes of those seen: each must be fresh

    // The relay's clock: tests can step it.
    [[nodiscard]] Clock::time_point now() const { return Clock::now() + settings.clock_step; }
};

}  // namespace sim
