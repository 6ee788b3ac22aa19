// SPDX-License-Identifier: MIT
// Looks into the data directory. Blocks.
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

// Opening a data directory and a journal makes what is not there. Here that would turn a wrong name
// into an empty data directory, and a lost journal into the loss of all it knew.
Result<> expect_journal(const std::string& directory);

}  // namespace sluice::fsck
