// SPDX-License-Identifier: MIT
// `sluice restore`: a data directory out of a backup.
#pragma once

#include <string>

#include "backup/data_copy.h"
#include "base/error.h"

namespace sluice::backup {

// Blocks. `directory` becomes a data directory at once, when everything is in it and survives a
// power cut; until then no server takes it for one. It is made where it is missing, and refused
// where it holds anything but a file system's lost+found. Its files get its owner, where this
// process may give files away. Refused as well: what is no backup or is not complete, and a journal
// of a newer version.
Result<Copied> restore(const std::string& backup, const std::string& directory);

}  // namespace sluice::backup
