// SPDX-License-Identifier: MIT
#include "file_type.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/limits.h"
#include "checks/check_protocol.h"

namespace sluice::tools {
namespace {

constexpr int cannot_read = 6;
constexpr int unknown = 7;

}  // namespace

// What a compressed file holds stays unknown: to look would start other programs.
FileType::FileType() : magic_(::magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS)) {}

FileType::~FileType() {
  if (magic_ != nullptr) {
    ::magic_close(magic_);
  }
}

bool FileType::load() {
  return magic_ != nullptr && ::magic_load(magic_, nullptr) == 0;
}

int FileType::tell(std::uint64_t begin, std::uint64_t size) {
  std::vector<char> bytes(std::min<std::uint64_t>(size, limits::type_bytes_max));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::pread(jail::file_descriptor, bytes.data() + filled,
                                  bytes.size() - filled, static_cast<off_t>(begin + filled));
    if (count <= 0) {
      return cannot_read;
    }
    filled += static_cast<std::size_t>(count);
  }
  const char* const type = ::magic_buffer(magic_, bytes.data(), bytes.size());
  if (type == nullptr) {
    return unknown;
  }
  const std::string line = std::string(type) + "\n";
  const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
  return written == static_cast<ssize_t>(line.size()) ? checks::type_told : unknown;
}

}  // namespace sluice::tools
