// SPDX-License-Identifier: MIT
// Finished uploads as files that are handed over without copying them. The blob stays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace sluice::store {

// Any thread. An upload of no bytes that never had a blob gets an empty one. storage_failed when
// the blob is not there or does not have `file_size` bytes.
class FinishedFiles {
 public:
  virtual ~FinishedFiles() = default;

  // For reading. Readable to its end also when the blob is removed meanwhile.
  virtual runtime::Task<Result<std::shared_ptr<runtime::DiskFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t file_size) = 0;
  // Absolute, and true until the blob is removed.
  virtual runtime::Task<Result<std::string>> path_of_finished(std::uint64_t upload_id,
                                                              std::uint64_t file_size) = 0;
  // Gives the file a second name, on the same file system, durably. Can be repeated.
  virtual runtime::Task<Result<>> link_finished(std::uint64_t upload_id, std::uint64_t file_size,
                                                std::string path) = 0;
  // Removes that name; one that is not there is as good as removed.
  virtual runtime::Task<Result<>> unlink_finished(std::string path) = 0;
};

}  // namespace sluice::store
