// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/disk.h"
#include "store/space.h"

namespace sluice::store::local {

// Of the file system that the directory is on. Blocks.
Result<Space> space_of(runtime::Disk& disk, const std::string& directory);

}  // namespace sluice::store::local
