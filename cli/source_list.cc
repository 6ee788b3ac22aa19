// SPDX-License-Identifier: MIT
#include "cli/source_list.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <system_error>

#include "base/printable.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

bool matches(const std::vector<std::string>& patterns, const std::string& relative_path) {
  const std::string name = fs::path(relative_path).filename().string();
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    const std::string& text = pattern.find('/') == std::string::npos ? name : relative_path;
    return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
  });
}

// The name of a folder as its files' paths begin: that of "." is where it is.
std::string name_of(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(folder, error);
  return error ? std::string() : whole.filename().string();
}

class Finder {
 public:
  explicit Finder(const Selection& selection) : selection_(selection) {}

  // An error is a sentence.
  std::optional<std::string> add(const std::string& path) {
    std::error_code error;
    if (!selection_.recursive || !fs::is_directory(path, error)) {
      found_.push_back({.path = path, .relative_path = {}});
      return std::nullopt;
    }
    const std::string name = name_of(path);
    return add_folder(path, name, name.empty() ? 0 : name.size() + 1);
  }

  void add_standard_input() {
    found_.push_back({.path = "-", .relative_path = {}, .is_standard_input = true});
  }

  std::optional<std::string> add_list(std::istream& lines) {
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.back() == '\r') {
        line.pop_back();
      }
      if (line.empty()) {
        continue;
      }
      if (std::optional<std::string> problem = add(line)) {
        return problem;
      }
    }
    return std::nullopt;
  }

  std::vector<Source> take() { return std::move(found_); }

 private:
  // `prefix`: bytes of the named folder's name at the front of `relative`, which no pattern sees.
  std::optional<std::string> add_folder(const fs::path& folder, const std::string& relative,
                                        std::size_t prefix) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      entries.push_back(*entry);
    }
    if (error) {
      return printable(folder.string()) + " cannot be read: " + error.message();
    }
    std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path(); });
    for (const fs::directory_entry& entry : entries) {
      const std::string below = (fs::path(relative) / entry.path().filename()).string();
      const std::string seen = below.substr(prefix);
      if (matches(selection_.exclude, seen)) {
        continue;
      }
      const fs::file_status status = entry.symlink_status(error);
      if (fs::is_directory(status)) {
        if (std::optional<std::string> problem = add_folder(entry.path(), below, prefix)) {
          return problem;
        }
      } else if (fs::is_regular_file(status) &&
                 (selection_.include.empty() || matches(selection_.include, seen))) {
        found_.push_back({.path = entry.path().string(), .relative_path = below});
      }
    }
    return std::nullopt;
  }

  const Selection& selection_;
  std::vector<Source> found_;
};

}  // namespace

std::expected<std::vector<Source>, std::string> find_sources(const Selection& selection) {
  Finder finder(selection);
  for (const std::string& path : selection.paths) {
    if (path == "-") {
      finder.add_standard_input();
    } else if (const std::optional<std::string> problem = finder.add(path)) {
      return std::unexpected(*problem);
    }
  }
  std::optional<std::string> problem;
  if (selection.files_from == "-") {
    problem = finder.add_list(std::cin);
  } else if (!selection.files_from.empty()) {
    std::ifstream list(selection.files_from);
    problem = list ? finder.add_list(list) : printable(selection.files_from) + " cannot be read";
  }
  if (problem) {
    return std::unexpected(*problem);
  }
  return finder.take();
}

}  // namespace sluice::cli
