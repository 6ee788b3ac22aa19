// SPDX-License-Identifier: MIT
// One simulated run, made from a seed: clients, faults, crashes, and at the end everything is
// finished and cleaned up on a sound disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "simulation/world.h"

namespace sluice::simulation {

struct Outcome {
  std::optional<std::string> violation;
  Tally tally;
};

Outcome run_program(std::uint64_t seed, Defect defect = Defect::none);

}  // namespace sluice::simulation
