// SPDX-License-Identifier: MIT
// `sluice move`: gives the uploads of a running server another base URL, which stays theirs across
// restarts until it is taken back.
#pragma once

#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "protocol/location_base.h"
#include "protocol/relocation.h"
#include "runtime/blocking_pool.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace sluice::admin {

// Keeps the base in DIRECTORY/location, one line. Any thread.
class LocationMoves final : public protocol::Relocation {
 public:
  // `base` has the configured URL, which counts while the file is not there. All outlive this.
  LocationMoves(protocol::LocationBase& base, runtime::Disk& disk, runtime::BlockingPool& pool,
                const std::string& directory, Log& log);

  // Blocks; at the start of the server, before any client is answered.
  Result<> restore();

  runtime::Task<Result<>> move(std::string url) override;

 private:
  Result<> move_now(const std::string& url);
  Result<> write(const std::string& url) REQUIRES(mutex_);

  protocol::LocationBase& base_;
  runtime::Disk& disk_;
  runtime::BlockingPool& pool_;
  Log& log_;
  const std::string directory_;
  const std::string file_;
  const std::string configured_;
  Mutex mutex_;  // One move at a time, file and base alike.
};

}  // namespace sluice::admin
