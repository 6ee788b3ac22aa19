// SPDX-License-Identifier: MIT
// The file that is uploaded, open from its first byte to its last.
#pragma once

#include <expected>
#include <string>

#include "cli/upload_state_file.h"

namespace sluice::cli {

class SourceFile {
 public:
  // Regular files only: an upload needs a size, and bytes that can be read twice. The error is a
  // sentence.
  static std::expected<SourceFile, std::string> open(const std::string& path);
  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&&) = delete;
  ~SourceFile();

  int descriptor() const noexcept { return descriptor_; }
  const std::string& absolute_path() const noexcept { return absolute_path_; }
  // The last component, as the bytes are.
  const std::string& base_name() const noexcept { return base_name_; }
  // As it was when it was opened.
  const FileIdentity& identity() const noexcept { return identity_; }
  // Size or modification time are not what they were then.
  bool changed() const noexcept;

 private:
  SourceFile(int descriptor, std::string absolute_path, std::string base_name,
             FileIdentity identity);

  int descriptor_ = -1;
  std::string absolute_path_;
  std::string base_name_;
  FileIdentity identity_;
};

}  // namespace sluice::cli
