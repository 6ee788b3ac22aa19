// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "runtime/disk.h"

namespace sluice::store::local {

// For reading. storage_failed when the file does not have `size` bytes: what lost its end must not
// pass for the whole. file_missing when it is not there. Blocks.
Result<std::unique_ptr<runtime::DiskFile>> open_whole(runtime::Disk& disk, const std::string& path,
                                                      std::uint64_t size);

}  // namespace sluice::store::local
