// SPDX-License-Identifier: MIT
// The part of an error that clients get. The message itself is theirs where they made the mistake
// or can do something about it; where the server's own disk, backend or code is at fault, it may
// name paths and addresses: it is for the log and the operator's commands.
#pragma once

#include <string>

#include "base/error.h"

namespace sluice {

// The only words of an error that may leave for a client. The table of error.cc decides.
std::string told(const Error& error);

}  // namespace sluice
