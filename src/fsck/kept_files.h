// SPDX-License-Identifier: MIT
// The named files that a server keeps, in its data directory or in its bucket. Blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "fsck/bucket.h"

namespace sluice::fsck {

class KeptFiles {
 public:
  // `bucket`: where they lie if `in_objects`; null: it cannot be looked at. Outlives this.
  KeptFiles(std::string directory, bool in_objects, Bucket* bucket)
      : directory_(std::move(directory)), in_objects_(in_objects), bucket_(bucket) {}

  bool can_be_looked_at() const noexcept { return !in_objects_ || bucket_ != nullptr; }
  bool can_be_moved() const noexcept { return !in_objects_; }

  // Of a name as store::NamedFiles has it. nullopt where there is no such file.
  Result<std::optional<std::uint64_t>> size_of(const std::string& name);
  // Calls visit(name, size) for each of a folder ("videos"), in no order; `name` is without the
  // folder, `size` nullopt where it is no regular file. It may move the file away.
  using Visit = std::function<Result<>(const std::string& name, std::optional<std::uint64_t> size)>;
  Result<> for_each(const std::string& folder, const Visit& visit);

 private:
  const std::string directory_;
  const bool in_objects_;
  Bucket* const bucket_;
};

}  // namespace sluice::fsck
