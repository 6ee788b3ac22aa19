// SPDX-License-Identifier: MIT
// The lock of a directory itself, for one process at a time: `sluice backup` holds that of the data
// directory, beside the server, which holds DIR/lock.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace sluice::store {

// The kernel's (flock(2)): it goes with its process.
class DirectoryLock {
 public:
  // Does not wait. Blocks for a moment, as every look at a disk.
  static Result<DirectoryLock> take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace sluice::store
