// SPDX-License-Identifier: MIT
// A file that holds one secret: `backend.secret_file`, `hooks.secret_file`,
// `journal.password_file`.
#pragma once

#include <string>

#include "base/error.h"

namespace sluice::config {

// Blocks. The first line of the file, without blanks at its ends; nothing where `path` is empty.
Result<std::string> read_secret(const std::string& path);
// The same, of a password that another program made: of any length.
Result<std::string> read_password(const std::string& path);

}  // namespace sluice::config
