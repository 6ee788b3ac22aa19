// SPDX-License-Identifier: MIT
// The 256 directories that hold the blobs: by the last two hex digits of an upload's id
// (docs/format.md).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "base/durability.h"
#include "base/error.h"
#include "runtime/disk.h"

namespace sluice::store::local {

// DIRECTORY/<last two hex digits of the id>/<id>.part
std::string blob_path(const std::string& directory, std::uint64_t upload_id);

// Any thread. `disk` outlives it.
class Shards {
 public:
  // `directory` exists and its name is durable.
  Shards(runtime::Disk& disk, std::string directory, Durability durability)
      : disk_(disk), directory_(std::move(directory)), durability_(durability) {}

  const std::string& root() const noexcept { return directory_; }
  std::string directory_of(std::uint64_t upload_id) const;
  std::string blob_path(std::uint64_t upload_id) const {
    return local::blob_path(directory_, upload_id);
  }

  // These block.
  // Makes the directory of the upload's blob, durably, once in the life of this object: an earlier
  // process that made it may have died before its name was durable.
  Result<> make(std::uint64_t upload_id);
  // Makes the names in a directory durable. Nothing to do where nothing is durable, or where there
  // is no such directory.
  Result<> sync_names(const std::string& directory);

 private:
  runtime::Disk& disk_;
  const std::string directory_;
  const Durability durability_;
  std::array<std::atomic<bool>, 256> made_{};
};

}  // namespace sluice::store::local
