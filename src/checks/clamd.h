// SPDX-License-Identifier: MIT
// Asks clamd about a file, over its Unix or TCP socket.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "base/range_set.h"
#include "checks/clamd_protocol.h"
#include "net/endpoint.h"
#include "runtime/readable_file.h"

namespace sluice::checks {

struct ClamdSettings {
  net::Endpoint address;
  Duration time_max{};  // To connect, for each next byte to be taken, and for the reply.
};

// The reply to the bytes `range` of the file. delivery_failed when clamd is not there or in
// trouble, `draining` soon after `stopping` was set. Any thread; blocks.
Result<ClamdReply> ask_clamd(const ClamdSettings& settings, runtime::ReadableFile& file,
                             ByteRange range, const std::atomic<bool>& stopping);

}  // namespace sluice::checks
