// SPDX-License-Identifier: MIT
// Short requests: creating uploads, asking how far one is.
#pragma once

#include <string>

#include "load/options.h"

namespace sluice::bench {

// Creates options.uploads uploads that nothing is sent to; options.bytes > 0: each gets its first
// bytes.
std::string run_sessions(const Options& options);

// Asks options.uploads times how far an upload is, while a piece of it is being sent without a
// pause.
std::string run_status(const Options& options);

}  // namespace sluice::bench
