// SPDX-License-Identifier: MIT
// Where what cannot be explained goes instead of being deleted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/disk.h"

namespace sluice::fsck {

class LostAndFound {
 public:
  // Makes nothing before the first take(). The disk outlives it.
  LostAndFound(runtime::Disk& disk, std::string data_directory, Timestamp now);

  // Moves DIR/path to DIR/lost+found-<UTC time>/path, durably; `path` is a file or a directory.
  // Returns where it is now, relative to DIR.
  Result<std::string> take(const std::string& path);
  // Writes a new file of that name there, durably.
  Result<std::string> put(const std::string& path, std::string_view text);

 private:
  // Makes the directories of `path` one by one.
  Result<> make_parents(const std::string& path);
  // Where the file of that name goes, with its directories; an error where there is one already.
  Result<std::string> make_place(const std::string& path);
  Result<> make_own();

  runtime::Disk& disk_;
  const std::string root_;
  std::string name_;
  bool made_ = false;
};

}  // namespace sluice::fsck
