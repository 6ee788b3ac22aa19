// SPDX-License-Identifier: MIT
// The real disk, on the kernel's system calls or on a test's.
#pragma once

#include <memory>
#include <string>

#include "runtime/disk.h"
#include "runtime/system_calls.h"

namespace sluice::runtime {

class PosixDisk final : public Disk {
 public:
  // `system` outlives the disk and its files.
  explicit PosixDisk(SystemCalls& system = kernel()) : system_(system) {}

  Result<std::unique_ptr<DiskFile>> open(const std::string& path, OpenMode mode) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> link(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<DiskSpace> space(const std::string& path) override;

 private:
  SystemCalls& system_;
};

}  // namespace sluice::runtime
