// SPDX-License-Identifier: MIT
// The files that a command line means: those that it names, those in folders that it names, and
// those that a list names.
#pragma once

#include <expected>
#include <string>
#include <vector>

namespace sluice::cli {

struct Selection {
  std::vector<std::string> paths;  // "-": standard input.
  std::string files_from;  // A file with a path on each line; "-": standard input; empty: none.
  bool recursive = false;  // Else a folder counts as a file, which cannot be opened.
  // Patterns of fnmatch(3). One with a slash is matched with the path from the named folder on, any
  // other with the name. They are about files in folders: a file that is named is meant.
  std::vector<std::string> include;  // Empty: every file.
  std::vector<std::string> exclude;  // Also of folders; wins over `include`.
};

struct Source {
  std::string path;
  // From the named folder on, that folder's name first: "holiday/day 1/a.mp4". Empty for a file
  // that is named itself.
  std::string relative_path;
  bool is_standard_input = false;

  friend bool operator==(const Source&, const Source&) = default;
};

// In the order of the command line, folders by name. Symbolic links in folders are left out: they
// may lead out of the folder, or round in circles. The error is a sentence. Blocks.
std::expected<std::vector<Source>, std::string> find_sources(const Selection& selection);

}  // namespace sluice::cli
