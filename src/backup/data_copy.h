// SPDX-License-Identifier: MIT
// Copies what a data directory keeps (docs/format.md). Blocks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace sluice::backup {

struct Copied {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

// One data directory into another, which is there and empty. Every file is readable by its owner
// alone. What is not of docs/format.md, and what only a running server needs, stays behind.
class DataCopy {
 public:
  // `owner`: whose the files are to be; unset: this process's.
  DataCopy(std::string from, std::string to, std::optional<Owner> owner = std::nullopt)
      : from_(std::move(from)), to_(std::move(to)), owner_(owner) {}

  // The journal, whose write-ahead log is empty.
  Result<> copy_journal() { return copy_file("/journal.sqlite"); }
  // All else. A file may grow, get shorter or go away meanwhile: the copy has what was there.
  Result<> copy_files();

  const Copied& copied() const noexcept { return copied_; }

 private:
  Result<> make_folder(const std::string& name) const;
  Result<> copy_folder(const std::string& name);
  // A file that is not there is as good as copied.
  Result<> copy_file(const std::string& name);

  const std::string from_;
  const std::string to_;
  const std::optional<Owner> owner_;
  Copied copied_;
};

// Returns when everything on the file system of `directory` survives a power cut, with its names.
Result<> sync_file_system(const std::string& directory);

}  // namespace sluice::backup
