// SPDX-License-Identifier: MIT
// What the kernel knows of this process, for the metrics process_* that every exporter has.
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::admin {

struct ProcessFigures {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // Since the epoch.
  std::uint64_t open_descriptors = 0;
  std::uint64_t descriptors_max = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
};

// Blocks: it counts the descriptors. nullopt without /proc.
std::optional<ProcessFigures> process_figures();

}  // namespace sluice::admin
