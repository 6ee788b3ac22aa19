// SPDX-License-Identifier: MIT
#include "store/local/disk_space.h"

#include "store/local/open_file.h"

namespace sluice::store::local {

Result<Space> space_of(runtime::Disk& disk, const std::string& directory) {
  const Result<runtime::DiskSpace> space = disk.space(directory);
  if (!space) {
    return fail_as_broken(space.error());
  }
  return Space{space->free_bytes, space->total_bytes, space->free_files};
}

}  // namespace sluice::store::local
