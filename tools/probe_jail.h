// SPDX-License-Identifier: MIT
// What the media probe takes from itself before it reads a byte of the file.
#pragma once

#include <linux/ioprio.h>

namespace sluice::tools {

// Bounds on memory, processor time, files; no new privileges; ends with its parent.
bool limit_resources();

// Last in the queues for processor and disk, behind what clients wait for; where that is not
// granted, it stays as it was.
void step_back();
inline constexpr int last_io_priority = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_BE_NR - 1);

// From here on there is no way to a socket, a file, a program or another process: opening a file
// fails, and every other system call that reading the one file, memory and one answer do not need
// ends the process.
bool close_jail();

}  // namespace sluice::tools
