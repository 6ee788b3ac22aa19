// SPDX-License-Identifier: MIT
// What the operator of a running server may do to uploads.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "runtime/task.h"
#include "upload/upload.h"

namespace sluice::upload {

// Any worker may call. Uploads go by their public number: the token is the client's alone.
class Operations {
 public:
  virtual ~Operations() = default;

  // Begins another round of attempts to hand a failed upload over; ends the pause of one whose
  // hand-off goes on. not_found for an unknown id, bad_request for any other state.
  virtual runtime::Task<Result<Snapshot>> retry(std::uint64_t upload_id) = 0;
};

}  // namespace sluice::upload
