// SPDX-License-Identifier: MIT
// Whether an event loop of this process watches a file: /proc/self/fdinfo of its epoll tells.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace sluice::testing {

inline bool is_watched(int descriptor) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone) != "anon_inode:[eventpoll]") {
      continue;
    }
    // "tfd:       15 events: 8000201b data: ..."
    std::ifstream info("/proc/self/fdinfo/" + entry.path().filename().string());
    for (std::string line; std::getline(info, line);) {
      std::istringstream words(line);
      std::string name;
      int target = -1;
      if (words >> name >> target && name == "tfd:" && target == descriptor) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace sluice::testing
