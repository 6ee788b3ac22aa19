// SPDX-License-Identifier: MIT
#include "cli/source_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/limits.h"

namespace sluice::cli {
namespace {

FileIdentity identity_of(const struct stat& status) {
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  return {.size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * ns_per_second + status.st_mtim.tv_nsec,
          .inode = status.st_ino};
}

}  // namespace

std::expected<SourceFile, std::string> SourceFile::open(const std::string& path) {
  // Without O_NONBLOCK a named pipe would wait for a writer.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return std::unexpected("cannot be opened: " + std::generic_category().message(errno));
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::canonical(path, error);
  SourceFile file(descriptor, absolute.string(), std::filesystem::path(path).filename().string(),
                  {});
  if (error) {
    return std::unexpected("cannot be resolved: " + error.message());
  }
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    return std::unexpected("cannot be examined: " + std::generic_category().message(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected("is no regular file");
  }
  file.identity_ = identity_of(status);
  if (file.identity_.size > limits::file_size_max) {
    return std::unexpected(fmt::format("has {} bytes; the protocol's limit is {}",
                                       file.identity_.size, limits::file_size_max));
  }
  return file;
}

SourceFile::SourceFile(int descriptor, std::string absolute_path, std::string base_name,
                       FileIdentity identity)
    : descriptor_(descriptor),
      absolute_path_(std::move(absolute_path)),
      base_name_(std::move(base_name)),
      identity_(identity) {}

SourceFile::SourceFile(SourceFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      absolute_path_(std::move(other.absolute_path_)),
      base_name_(std::move(other.base_name_)),
      identity_(other.identity_) {}

SourceFile::~SourceFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

bool SourceFile::changed() const noexcept {
  struct stat status{};
  return ::fstat(descriptor_, &status) != 0 || identity_of(status) != identity_;
}

}  // namespace sluice::cli
