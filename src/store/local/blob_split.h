// SPDX-License-Identifier: MIT
// Takes extra files out of a finished blob of the local store. Blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/durability.h"
#include "base/error.h"
#include "base/range_set.h"
#include "runtime/disk.h"

namespace sluice::store::local {

// Bytes of a blob that become a file of their own.
struct SplitOff {
  ByteRange range;
  std::string path;
};

// The name of a copy that is not complete, behind the final one.
inline constexpr const char* partial_suffix = ".partial";

// Each extra file is copied beside its final name, synced and renamed; only then the blob gives its
// bytes up. The last one goes first, so that the disk holds no more than one of them twice, and the
// blob's size says how far an attempt came. A file that has its final name is complete.
class BlobSplit {
 public:
  // `disk` outlives it.
  BlobSplit(runtime::Disk& disk, std::string blob_path, Durability durability);

  // The extra files lie behind `main_size` bytes, which the blob keeps. A repetition after a crash
  // goes on where the last one ended, also when the blob was moved since.
  Result<> run(std::uint64_t main_size, const std::vector<SplitOff>& extra_files);

 private:
  Result<> put_out(const SplitOff& extra);
  Result<> copy(ByteRange range, const std::string& path);
  Result<bool> is_there(const SplitOff& extra);
  Result<> shorten(std::uint64_t size);

  runtime::Disk& disk_;
  const std::string blob_path_;
  const bool is_durable_;
};

}  // namespace sluice::store::local
