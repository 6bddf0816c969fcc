// The admin API, on its own loopback port: how tests direct the simulator and ask what it saw. docs/simulator.md describes it.
#pragma once

#include "sim/simulation.h"
#include "sim/wire.h"

namespace sim {

[[nodiscard]] Service admin_service(Simulation& simulation);

}  // namespace sim
