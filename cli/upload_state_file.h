// SPDX-License-Identifier: MIT
// The saved state of an unfinished upload, so that the same command can go on after the process or
// the machine died. The content is a secret: who has the location can write the upload.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "cli/part_layout.h"

namespace sluice::cli {

// The file as it was when its upload began; a difference means other bytes.
struct FileIdentity {
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// The beginning of a file.
struct Prefix {
  std::uint64_t size = 0;
  std::string digest;  // SHA-256 in hex; empty for no bytes.

  friend bool operator==(const Prefix&, const Prefix&) = default;
};

struct SavedUpload {
  std::string location;
  FileIdentity file;
  Prefix sent;  // No byte behind it was sent.
  Timestamp created;
  std::optional<PartLayout> parts = std::nullopt;  // Of a session of many parts.

  friend bool operator==(const SavedUpload&, const SavedUpload&) = default;
};

// One per server and file. Holds a lock as long as it lives, so that two commands never send the
// same file to the same server at once.
class UploadStateFile {
 public:
  enum class OpenError { in_use, unusable };
  struct OpenFailure {
    OpenError code;
    std::string message;
  };

  // `path` is absolute. Makes the directory when it is missing.
  static std::expected<UploadStateFile, OpenFailure> open(const std::string& directory,
                                                          const std::string& server_url,
                                                          const std::string& path);
  UploadStateFile(UploadStateFile&& other) noexcept;
  UploadStateFile& operator=(UploadStateFile&&) = delete;
  ~UploadStateFile();

  // nullopt when there is nothing saved or it makes no sense.
  std::optional<SavedUpload> load() const;
  // Whole and durable, or the old content stays.
  Result<> save(const SavedUpload& upload) const;
  void remove() const noexcept;

  const std::string& path() const noexcept { return path_; }

 private:
  UploadStateFile(std::string path, int lock_descriptor);

  std::string path_;
  int lock_descriptor_ = -1;
};

// $XDG_CACHE_HOME/sluice/uploads or ~/.cache/sluice/uploads; empty when neither is known.
std::string upload_state_directory();

}  // namespace sluice::cli
