// SPDX-License-Identifier: MIT
// What lies where in the data directory. Blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"

namespace sluice::fsck {

// nullopt where there is no regular file.
Result<std::optional<std::uint64_t>> size_of(const std::string& path);
Result<bool> is_directory(const std::string& path);

// Calls visit(name) for each entry, in no order; it may move the entry away.
using Visit = std::function<Result<>(const std::string&)>;
Result<> for_each_name(const std::string& directory, const Visit& visit);

}  // namespace sluice::fsck
