// SPDX-License-Identifier: MIT
// `sluice backup`: a data directory as a power cut would have left it, in a directory of its own.
#pragma once

#include <functional>
#include <string>

#include "backup/data_copy.h"
#include "base/clock.h"
#include "base/error.h"
#include "fsck/fsck.h"

namespace sluice::backup {

// What is being made is called PATH.unfinished, and PATH when it is complete and survives a power
// cut. Every function blocks.
class NewBackup {
 public:
  // Makes PATH.unfinished. Refuses a PATH that is there, and a PATH.unfinished that another backup
  // has left.
  static Result<NewBackup> begin(std::string path);

  // A data directory that is at rest but for its files' getting longer or shorter (the backup
  // folder of a store::PinningDisk), with the journal's write-ahead log empty.
  Result<> copy(const std::string& from);
  // Compares the journal with the files, as `sluice fsck` does, and removes the files that the
  // journal does not explain. `say` gets what else it finds, which was wrong before the backup.
  Result<fsck::Summary> check(const Clock& clock, const fsck::Say& say);
  Result<> finish();
  // Removes what is there of it.
  void give_up();

  const Copied& copied() const noexcept { return copied_; }
  std::string directory() const { return path_ + unfinished; }

  // Behind the name of a backup that is not complete.
  static constexpr const char* unfinished = ".unfinished";

 private:
  explicit NewBackup(std::string path) : path_(std::move(path)) {}

  std::string path_;
  Copied copied_;
};

}  // namespace sluice::backup
