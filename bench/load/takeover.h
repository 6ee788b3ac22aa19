// SPDX-License-Identifier: MIT
// How soon a newer request gets its turn from an older one that stalls.
#pragma once

#include <string>

#include "load/options.h"

namespace sluice::bench {

// options.uploads times: a request sends options.bytes of its body and stalls; a newer one for the
// same bytes expects `100 Continue`, which a server sends when it is about to read the body. The
// figures, as JSON, are the times from the newer head to the 100.
std::string run_takeover(const Options& options);

}  // namespace sluice::bench
