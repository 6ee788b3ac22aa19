// SPDX-License-Identifier: MIT
// Finished uploads as files of this machine, for an application beside Sluice that is told a path
// instead of bytes. Only a store whose blobs are such files can be this. The blob stays.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "runtime/task.h"

namespace sluice::store {

// Any thread. Blobs are what Store::open_finished() says.
class FinishedPaths {
 public:
  virtual ~FinishedPaths() = default;

  // Absolute, and true until the blob is removed.
  virtual runtime::Task<Result<std::string>> path_of_finished(std::uint64_t upload_id,
                                                              std::uint64_t size) = 0;
  // Gives the file a second name, on the same file system, durably. Can be repeated.
  virtual runtime::Task<Result<>> link_finished(std::uint64_t upload_id, std::uint64_t size,
                                                std::string path) = 0;
  // Removes that name; one that is not there is as good as removed.
  virtual runtime::Task<Result<>> unlink_finished(std::string path) = 0;
};

}  // namespace sluice::store
