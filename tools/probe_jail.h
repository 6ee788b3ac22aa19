// SPDX-License-Identifier: MIT
// The rights that helper programs give up before they read a byte of the file.
#pragma once

#include <linux/ioprio.h>

#include <cstddef>

namespace sluice::tools {

struct ResourceBounds {
  std::size_t memory_bytes = 0;
  std::size_t cpu_seconds = 0;
  std::size_t open_files = 0;
};

// These bounds, and no byte into any file; no new privileges; ends with its parent.
bool limit_resources(const ResourceBounds& bounds);
// Those of the probe.
ResourceBounds probe_bounds();

// Lowers the priority for processor and disk, behind the work that clients wait for; where that is
// refused, it stays as it was.
void step_back();
inline constexpr int last_io_priority = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NR - 1);

// How the file on jail::file_descriptor is read.
enum class Reading {
  by_position,
  by_asking,  // As jail::Question has it.
};

// Allows only the system calls for reading the one file, for memory and for writing the answer.
// From here on opening a file fails, and every other call ends the process.
bool close_jail(Reading reading = Reading::by_position);

}  // namespace sluice::tools
