// SPDX-License-Identifier: MIT
// One connection of the floor: reads requests of the load generator and nothing else, answers them.
#pragma once

#include "floor/files.h"

namespace sluice::bench {

// Returns when the client has gone; throws std::runtime_error at whatever is not expected. Closes
// the descriptor.
void serve_connection(int descriptor, Files& files);

}  // namespace sluice::bench
