// SPDX-License-Identifier: MIT
#include "store/local/whole_file.h"

#include <fmt/format.h>

namespace sluice::store::local {

Result<std::unique_ptr<runtime::DiskFile>> open_whole(runtime::Disk& disk, const std::string& path,
                                                      std::uint64_t size) {
  auto file = disk.open(path, runtime::OpenMode::read_only);
  if (!file) {
    return file;
  }
  const Result<std::uint64_t> there = (*file)->size();
  if (!there) {
    return fail(there.error());
  }
  if (*there != size) {
    return fail(Errc::storage_failed,
                fmt::format("{} has {} bytes, {} were expected", path, *there, size));
  }
  return file;
}

}  // namespace sluice::store::local
