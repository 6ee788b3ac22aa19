// SPDX-License-Identifier: MIT
// Bytes of a request that still runs are made durable beside it: for a status query, and without a
// pause of the sender.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "runtime/task.h"
#include "upload/append.h"
#include "upload/live_upload.h"

namespace sluice::upload {

struct CheckpointWaits {
  Duration whole;
  Duration arrival;  // Of that, for requests to write the bytes that they have taken.
};

// Returns when the bytes that running requests had brought before are durable, or cannot be, and
// when the time is over; a sync or a commit under way goes on. A body of which only its end says
// whether it is the file is left alone. `tools` and `log` outlive the requests.
runtime::Task<> settle_arrived(std::shared_ptr<LiveUpload> upload, const AppendTools& tools,
                               Log& log, CheckpointWaits waits);

// When the upload expires if nothing comes after what came now. A time beyond the
// absolute one that the journal gives it, as `sluice fsck --repair` does, is kept and not renewed.
Timestamp next_expiry(const LiveUpload& upload, const AppendTools& tools);

}  // namespace sluice::upload
