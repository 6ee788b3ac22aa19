// SPDX-License-Identifier: MIT
// The type of a file by its content, with libmagic.
#pragma once

#include <magic.h>

#include <cstdint>

namespace sluice::tools {

class FileType {
 public:
  FileType();
  ~FileType();
  FileType(const FileType&) = delete;
  FileType& operator=(const FileType&) = delete;

  // Reads the database, which needs rights that the jail takes away.
  bool load();
  // Prints the MIME type of the file that has the bytes from `begin` on; the exit status.
  int tell(std::uint64_t begin, std::uint64_t size);

 private:
  magic_t magic_;
};

}  // namespace sluice::tools
