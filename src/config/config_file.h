// SPDX-License-Identifier: MIT
// The values that stand in a TOML file, each with its place. Which keys there are is the matter of
// settings.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::config {

enum class TomlForm { string, integer, boolean, table, other };

struct FileEntry {
  std::string key;    // "section.name"
  std::string where;  // "sluice.toml:3"
  TomlForm form = TomlForm::other;
  std::string
      text;  // The value without quotation marks; empty where it is none of the first three.
  std::string shown;  // The value for a message: its kind and its text.
};

// The text of a file of at most limits::config_file_bytes_max; an error becomes one of `problems`.
std::optional<std::string> read_bounded(const std::string& path,
                                        std::vector<std::string>& problems);

// In the order of the file. A file that cannot be read or is no TOML becomes one of `problems`.
std::vector<FileEntry> read_config_file(const std::string& path,
                                        std::vector<std::string>& problems);

}  // namespace sluice::config
