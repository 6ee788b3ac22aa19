// SPDX-License-Identifier: MIT
// What `sluice backup` asks of the running server.
#pragma once

#include "base/error.h"
#include "runtime/task.h"

namespace sluice::admin {

// Any thread.
class BackupSource {
 public:
  virtual ~BackupSource() = default;

  // Returns when the folder `backup` of the data directory holds a copy of the journal and a second
  // name of every file (store/pinning_disk.h): all that was acknowledged before the call.
  // overloaded while another one begins or ends.
  virtual runtime::Task<Result<>> begin() = 0;
  // The folder was copied; it is removed. An error says that the copy is of no use.
  virtual runtime::Task<Result<>> end() = 0;
};

}  // namespace sluice::admin
