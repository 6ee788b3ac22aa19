// SPDX-License-Identifier: MIT
// One connection of the floor: reads and answers requests of the load generator, and no others.
#pragma once

#include "floor/files.h"

namespace sluice::bench {

// With `splices`, bodies go through a pipe and are not copied. Returns when the client has gone;
// throws std::runtime_error at any other request. Closes the descriptor.
void serve_connection(int descriptor, Files& files, bool splices);

}  // namespace sluice::bench
