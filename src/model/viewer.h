// SPDX-License-Identifier: MIT
// For whom an answer is made.
#pragma once

#include <optional>
#include <string>

namespace sluice::model {

// The owner whose videos and files a request may see; unset: all owners'.
using Viewer = std::optional<std::string>;

}  // namespace sluice::model
