// SPDX-License-Identifier: MIT
// Whether a new upload may begin.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "base/error.h"
#include "runtime/task.h"
#include "store/store.h"

namespace sluice::upload {

struct AdmissionSettings {
  std::uint64_t file_size_max = 0;    // Bytes.
  std::uint64_t low_water_bytes = 0;  // So much stays free on the disk.
};

class Admission {
 public:
  Admission(store::Store& store, AdmissionSettings settings);

  // file_too_large with the limit, disk_full when the file does not fit beside the low mark.
  runtime::Task<Result<>> admit(std::uint64_t file_size);

 private:
  runtime::Task<Result<std::uint64_t>> free_bytes();

  store::Store& store_;
  const AdmissionSettings settings_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point known_until_;
  std::uint64_t free_bytes_ = 0;
};

}  // namespace sluice::upload
