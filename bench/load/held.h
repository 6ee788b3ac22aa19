// SPDX-License-Identifier: MIT
// Many connections that each send a few bytes at a time, for long.
#pragma once

#include <string>

#include "load/options.h"

namespace sluice::bench {

// options.connections uploads of options.size bytes, each sending options.bytes every
// options.interval_ms, spread evenly over the interval. Prints "held" when all have sent their
// first bytes, and goes on for options.seconds. A connection that the server ends is counted, not
// replaced. The figures as JSON.
std::string run_held(const Options& options);

}  // namespace sluice::bench
