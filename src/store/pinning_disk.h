// SPDX-License-Identifier: MIT
// Keeps what a backup is to copy while the server goes on: every file of the data directory gets a
// second name in its folder `backup`, which a removal of the first one does not take away.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/mutex.h"
#include "runtime/disk.h"

namespace sluice::store {

// The disk of everything that removes or renames files of uploads/, videos/ and answers/.
//
// The order: begin(), a copy of the journal, pin_all(), and end() when all is copied. What the copy
// of the journal names is then in `backup`, as after a power cut at that moment: a file that is
// removed or renamed after begin() gets its second name before, all others get it from pin_all().
// Beside it there may be files that the copy does not explain. Files are shared, so that the ones
// that grow go on growing; bytes that the journal names do not change. A hand-off takes extra files
// out of a blob's end: from then on they are in `backup` by themselves.
//
// Disk's calls from any thread, the others by one caller at a time. All block.
class PinningDisk final : public runtime::Disk {
 public:
  // Of the data directory.
  static constexpr const char* folder = "/backup";

  // `directory` is a DataDirectory. `disk` outlives this.
  PinningDisk(runtime::Disk& disk, std::string directory)
      : disk_(disk), directory_(std::move(directory)), pins_(directory_ + folder) {}

  // Where the second names are.
  const std::string& pins() const noexcept { return pins_; }
  // Removes first what a backup that came to no end has left.
  Result<> begin();
  Result<> pin_all();
  // Removes the second names. An error of a pin that was missed since begin(): the backup is of no
  // use.
  Result<> end();
  bool is_pinning() const noexcept { return mode_ != Mode::off; }

  Result<std::unique_ptr<runtime::DiskFile>> open(const std::string& path,
                                                  runtime::OpenMode mode) override {
    return disk_.open(path, mode);
  }
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> link(const std::string& from, const std::string& to) override {
    return disk_.link(from, to);
  }
  Result<> remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override { return disk_.exists(path); }
  Result<> make_directory(const std::string& path) override { return disk_.make_directory(path); }
  Result<> sync_directory(const std::string& path) override { return disk_.sync_directory(path); }
  Result<runtime::DiskSpace> space(const std::string& path) override { return disk_.space(path); }

 private:
  enum class Mode : std::uint8_t {
    off,
    all,    // What goes is pinned.
    extra,  // All is pinned, but for extra files that come into being.
  };

  // A file that is not there needs no pin.
  Result<> pin(const std::string& path);
  Result<> pin_folder(const std::string& path);
  void pin_or_remember(const std::string& path);

  runtime::Disk& disk_;
  const std::string directory_;
  const std::string pins_;
  std::atomic<Mode> mode_{Mode::off};
  Mutex mutex_;
  std::optional<Error> missed_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store
