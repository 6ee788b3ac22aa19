// SPDX-License-Identifier: MIT
#include "upload/admission.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace sluice::upload {

using runtime::Task;

Admission::Admission(store::Store& store, AdmissionSettings settings)
    : store_(store), settings_(settings) {}

Task<Result<>> Admission::admit(std::uint64_t file_size) {
  if (file_size > settings_.file_size_max) {
    co_return fail(Errc::file_too_large,
                   fmt::format("File size limit is set to {} bytes, file_size is {}",
                               settings_.file_size_max, file_size));
  }
  const Result<std::uint64_t> free = co_await free_bytes();
  if (!free) {
    co_return fail(free.error());
  }
  const std::uint64_t usable =
      *free > settings_.low_water_bytes ? *free - settings_.low_water_bytes : 0;
  if (file_size > usable) {
    co_return fail(Errc::disk_full,
                   fmt::format("there is room for {} bytes, the file has {}", usable, file_size));
  }
  co_return Result<>();
}

Task<Result<std::uint64_t>> Admission::free_bytes() {
  const auto now = std::chrono::steady_clock::now();
  {
    const std::scoped_lock lock(mutex_);
    if (now < known_until_) {
      co_return free_bytes_;
    }
  }
  const Result<runtime::DiskSpace> space = co_await store_.space();
  if (!space) {
    co_return fail(space.error());
  }
  const std::scoped_lock lock(mutex_);
  free_bytes_ = space->free_bytes;
  known_until_ = now + limits::free_space_known_for;
  co_return free_bytes_;
}

}  // namespace sluice::upload
