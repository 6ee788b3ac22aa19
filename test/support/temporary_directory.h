// SPDX-License-Identifier: MIT
// A directory of the test's own, removed by the destructor.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/check.h"

namespace sluice::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_((std::filesystem::temp_directory_path() / "sluice-XXXXXX").string()) {
    SLUICE_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// With the folders of a store::DataDirectory.
class TemporaryDataDirectory : public TemporaryDirectory {
 public:
  TemporaryDataDirectory() {
    for (const char* folder : {"/uploads", "/videos", "/answers"}) {
      SLUICE_CHECK(std::filesystem::create_directory(path() + folder));
    }
  }
};

}  // namespace sluice::testing
