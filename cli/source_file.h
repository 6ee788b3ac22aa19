// SPDX-License-Identifier: MIT
// The file that is uploaded, open from its first byte to its last.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/limits.h"
#include "cli/upload_state_file.h"

namespace sluice::cli {

// How often the bytes that were sent are remembered.
inline constexpr std::uint64_t digest_step_bytes = 64 * limits::MiB;

class SourceFile {
 public:
  // Regular files only: an upload needs a size, and bytes that can be read twice. The error is a
  // sentence.
  static std::expected<SourceFile, std::string> open(const std::string& path);
  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&&) = delete;
  ~SourceFile();

  // Bytes from `offset` on: how many, at least one. The error is a sentence. Any thread.
  std::expected<std::size_t, std::string> read_at(std::span<char> into, std::uint64_t offset) const;
  const std::string& absolute_path() const noexcept { return absolute_path_; }
  // The last component, as the bytes are.
  const std::string& base_name() const noexcept { return base_name_; }
  // As it was when it was opened.
  const FileIdentity& identity() const noexcept { return identity_; }
  // Against how it was before. Somebody who rewrites a file in place can set its modification time
  // back, but not the time of its last change; a new name or mode sets that one too.
  enum class Change { none, perhaps, surely };
  Change look_again() noexcept;

  // Reads on until at least `size` bytes are in the digest of the file's beginning: whole steps of
  // digest_step_bytes, or all of the file. `goes_on` is asked before each step; after its no the
  // prefix is shorter than `size`.
  std::expected<Prefix, std::string> read_to(std::uint64_t size,
                                             const std::function<bool()>& goes_on);
  // Whether the file still begins with `prefix`: reads it again, whole. After a no of `goes_on` it
  // is taken for true.
  std::expected<bool, std::string> begins_with(const Prefix& prefix,
                                               const std::function<bool()>& goes_on) const;

 private:
  class PrefixDigest;

  SourceFile(int descriptor, std::string absolute_path, std::string base_name,
             FileIdentity identity);

  std::expected<Prefix, std::string> read_to(PrefixDigest& digest, std::uint64_t size,
                                             const std::function<bool()>& goes_on) const;

  int descriptor_ = -1;
  std::string absolute_path_;
  std::string base_name_;
  FileIdentity identity_;
  std::int64_t changed_ns_ = 0;
  std::unique_ptr<PrefixDigest> read_;
};

}  // namespace sluice::cli
