// SPDX-License-Identifier: MIT
#include "cli/source_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::cli {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

std::int64_t changed_ns_of(const struct stat& status) {
  return status.st_ctim.tv_sec * ns_per_second + status.st_ctim.tv_nsec;
}

FileIdentity identity_of(const struct stat& status) {
  return {.size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * ns_per_second + status.st_mtim.tv_nsec,
          .inode = status.st_ino};
}

}  // namespace

// SHA-256 of the first bytes of a file.
class SourceFile::PrefixDigest {
 public:
  std::uint64_t size() const noexcept { return size_; }
  Prefix prefix() const {
    return {.size = size_, .digest = size_ == 0 ? "" : to_hex(hash_.so_far())};
  }

  // False when the file ends before or cannot be read; then this is of no use any more.
  bool read_to(std::uint64_t end, int descriptor) {
    buffer_.resize(limits::buffer_bytes);
    while (size_ < end) {
      const auto wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - size_));
      const ssize_t count = ::pread(descriptor, buffer_.data(), wanted, static_cast<off_t>(size_));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        return false;
      }
      hash_.add(Bytes(buffer_).first(static_cast<std::size_t>(count)));
      size_ += static_cast<std::uint64_t>(count);
    }
    return true;
  }

 private:
  Sha256 hash_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> buffer_;
};

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
  if (S_ISDIR(status.st_mode)) {
    return std::unexpected("is a folder; -r uploads the files in it");
  }
  if (!S_ISREG(status.st_mode)) {
    return std::unexpected("is no regular file");
  }
  file.identity_ = identity_of(status);
  file.changed_ns_ = changed_ns_of(status);
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
      identity_(identity),
      read_(std::make_unique<PrefixDigest>()) {}

SourceFile::SourceFile(SourceFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      absolute_path_(std::move(other.absolute_path_)),
      base_name_(std::move(other.base_name_)),
      identity_(other.identity_),
      changed_ns_(other.changed_ns_),
      read_(std::move(other.read_)) {}

SourceFile::~SourceFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

std::expected<std::size_t, std::string> SourceFile::read_at(std::span<char> into,
                                                            std::uint64_t offset) const {
  ssize_t got = -1;
  do {
    got = ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return std::unexpected(std::generic_category().message(errno));
  }
  if (got == 0) {
    return std::unexpected(fmt::format("the file ends at byte {}, earlier than before", offset));
  }
  return static_cast<std::size_t>(got);
}

SourceFile::Change SourceFile::look_again() noexcept {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0 || identity_of(status) != identity_) {
    return Change::surely;
  }
  const bool is_same = std::exchange(changed_ns_, changed_ns_of(status)) == changed_ns_of(status);
  return is_same ? Change::none : Change::perhaps;
}

std::expected<Prefix, std::string> SourceFile::read_to(std::uint64_t size,
                                                       const std::function<bool()>& goes_on) {
  return read_to(*read_, size, goes_on);
}

std::expected<Prefix, std::string> SourceFile::read_to(PrefixDigest& digest, std::uint64_t size,
                                                       const std::function<bool()>& goes_on) const {
  while (digest.size() < size && goes_on()) {
    const std::uint64_t end = std::min(digest.size() + digest_step_bytes, identity_.size);
    if (end <= digest.size() || !digest.read_to(end, descriptor_)) {
      return std::unexpected("cannot be read, or is shorter than it was");
    }
  }
  return digest.prefix();
}

std::expected<bool, std::string> SourceFile::begins_with(
    const Prefix& prefix, const std::function<bool()>& goes_on) const {
  PrefixDigest digest;
  const auto read = read_to(digest, prefix.size, goes_on);
  if (!read) {
    return std::unexpected(read.error());
  }
  return read->size < prefix.size || *read == prefix;
}

}  // namespace sluice::cli
