// SPDX-License-Identifier: MIT
// What the media probe takes from itself before it reads a byte of the file.
#pragma once

namespace sluice::tools {

// Bounds on memory, processor time, files; no new privileges; ends with its parent.
bool limit_resources();

// From here on there is no way to a socket, a file, a program or another process: opening a file
// fails, and every other system call that reading the one file, memory and one answer do not need
// ends the process.
bool close_jail();

}  // namespace sluice::tools
