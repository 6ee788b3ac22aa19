// SPDX-License-Identifier: MIT
// Short requests: creations of uploads and status queries.
#pragma once

#include <string>

#include "load/options.h"

namespace sluice::bench {

// Creates options.uploads uploads. With options.bytes > 0 each gets so many bytes, else none.
std::string run_sessions(const Options& options);

// Sends options.uploads status queries for an upload while a piece of it is being sent without a
// pause.
std::string run_status(const Options& options);

}  // namespace sluice::bench
