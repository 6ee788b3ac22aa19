// SPDX-License-Identifier: MIT
// The real disk.
#pragma once

#include <memory>
#include <string>

#include "runtime/disk.h"

namespace sluice::runtime {

class PosixDisk final : public Disk {
 public:
  Result<std::unique_ptr<DiskFile>> open(const std::string& path, OpenMode mode) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> link(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<DiskSpace> space(const std::string& path) override;
};

}  // namespace sluice::runtime
