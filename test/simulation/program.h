// SPDX-License-Identifier: MIT
// One simulated run, made from a seed: clients, faults, crashes, and at the end everything is
// finished and cleaned up on a sound disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/durability.h"
#include "simulation/world.h"

namespace sluice::simulation {

struct Outcome {
  std::optional<std::string> violation;
  Tally tally;
};

// The call of the disk in which the process dies, and whether the machine loses its power then.
// There is no other fault.
struct CrashPoint {
  std::uint64_t call = 0;
  bool power_cut = false;
};

struct Variant {
  Defect defect = Defect::none;
  JournalKind journal = JournalKind::memory;
  Durability durability = Durability::commit;
  std::optional<CrashPoint> crash;
  Clients clients = Clients::commands;
};

Outcome run_program(std::uint64_t seed, const Variant& variant = {});

}  // namespace sluice::simulation
