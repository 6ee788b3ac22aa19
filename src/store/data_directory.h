// SPDX-License-Identifier: MIT
// The directory that holds all that Sluice keeps, for one process at a time (docs/format.md).
#pragma once

#include <array>
#include <string>

#include "base/error.h"

namespace sluice::store {

// What a backup has of it beside the journal. A blob goes from the first of the folders into
// another one, never back.
inline constexpr std::array<const char*, 3> kept_folders{"/uploads", "/answers", "/videos"};
inline constexpr std::array<const char*, 3> kept_single_files{"/secret", "/objects", "/location"};

// Held from open() to the end of the object. The lock is the kernel's: it goes with the process,
// however that ends.
class DataDirectory {
 public:
  // Blocks. Makes what is missing, for the owner's eyes only; the parent has to exist. The names
  // are durable when this returns. storage_failed, naming the directory and if possible the other
  // process, when it is held already.
  static Result<DataDirectory> open(std::string path);
  // Whether open() has a chance, without a change of anything. `force`: also in a directory that
  // holds files of others.
  static Result<> check(std::string path, bool force);
  ~DataDirectory();
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string journal_file() const { return path_ + "/journal.sqlite"; }
  std::string uploads() const { return path_ + "/uploads"; }
  std::string videos() const { return path_ + "/videos"; }
  std::string answers() const { return path_ + "/answers"; }
  // Whether what is kept of uploads lies in an object store, once mark_objects() has said so. These
  // block.
  Result<bool> has_objects() const;
  Result<> mark_objects() const;
  // 256 random bits as text, the same as long as the directory is. Blocks; the first call makes it.
  // storage_failed.
  Result<std::string> secret() const;

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;  // Descriptor of DIR/lock.
};

}  // namespace sluice::store
