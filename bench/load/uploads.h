// SPDX-License-Identifier: MIT
// Whole uploads, one after the other on each connection.
#pragma once

#include <cstdint>
#include <string>

#include "load/connection.h"
#include "load/dialect.h"
#include "load/options.h"

namespace sluice::bench {

// Creates an upload; the answer has its path.
Response open_session(Connection& connection, const Dialect& dialect, std::uint64_t size);
// Creates the upload where the dialect has a request for that. Returns its path.
std::string open_upload(Connection& connection, const Dialect& dialect, std::uint64_t size,
                        unsigned upload);

// Runs all uploads; the figures as JSON. Connections are made before the clock starts.
std::string run_uploads(const Options& options);

}  // namespace sluice::bench
