// SPDX-License-Identifier: MIT
#include "store/pinning_disk.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "store/data_directory.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view unfinished_suffix = ".partial";

Result<> remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? Result<>(fail(storage_error(error.value(), "remove", path))) : Result<>();
}

}  // namespace

Result<> PinningDisk::begin() {
  mode_ = Mode::off;
  Result<> done = remove_tree(pins_);
  for (const char* inner : {"", "/uploads", "/videos", "/answers"}) {
    if (done) {
      done = disk_.make_directory(pins_ + inner);
    }
  }
  if (done) {
    const MutexLock lock(mutex_);
    missed_.reset();
  }
  if (done) {
    mode_ = Mode::all;
  }
  return done;
}

// In their order: a blob that is renamed meanwhile is found in one of them.
Result<> PinningDisk::pin_all() {
  for (const char* inner : kept_folders) {
    if (Result<> done = pin_folder(directory_ + inner); !done) {
      return done;
    }
  }
  for (const char* file : kept_single_files) {
    if (Result<> done = pin(directory_ + file); !done) {
      return done;
    }
  }
  mode_ = Mode::extra;
  return {};
}

Result<> PinningDisk::end() {
  mode_ = Mode::off;
  Result<> done = remove_tree(pins_);
  const MutexLock lock(mutex_);
  return missed_ ? Result<>(fail(*missed_)) : done;
}

Result<> PinningDisk::rename(const std::string& from, const std::string& to) {
  const bool is_extra_file = from.ends_with(unfinished_suffix);
  if (mode_ == Mode::all && !is_extra_file) {
    pin_or_remember(from);
  }
  Result<> done = disk_.rename(from, to);
  // The blob is cut only after this.
  if (done && is_extra_file && mode_ != Mode::off) {
    pin_or_remember(to);
  }
  return done;
}

Result<> PinningDisk::remove(const std::string& path) {
  if (mode_ == Mode::all) {
    pin_or_remember(path);
  }
  return disk_.remove(path);
}

void PinningDisk::pin_or_remember(const std::string& path) {
  if (const Result<> pinned = pin(path); !pinned) {
    const MutexLock lock(mutex_);
    missed_ = pinned.error();
  }
}

Result<> PinningDisk::pin(const std::string& path) {
  const std::string pinned = pins_ + path.substr(directory_.size());
  Result<> done = disk_.make_directory(fs::path(pinned).parent_path().string());
  if (done) {
    done = disk_.link(path, pinned);
  }
  return done || done.error().code() == Errc::file_missing ? Result<>() : done;
}

Result<> PinningDisk::pin_folder(const std::string& path) {
  std::error_code error;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_regular_file(gone) || entry->path().native().ends_with(unfinished_suffix)) {
      continue;
    }
    if (Result<> done = pin(entry->path().string()); !done) {
      return done;
    }
  }
  return error ? Result<>(fail(storage_error(error.value(), "read directory", path))) : Result<>();
}

}  // namespace sluice::store
