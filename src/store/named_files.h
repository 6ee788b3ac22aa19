// SPDX-License-Identifier: MIT
// What a store keeps under names: the files of videos, the bodies of large answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/byte_source.h"
#include "runtime/readable_file.h"
#include "runtime/task.h"
#include "store/space.h"

namespace sluice::store {

// A file that is being written: one call after the other. They block.
class NewFile {
 public:
  virtual ~NewFile() = default;

  virtual Result<> append(Bytes bytes) = 0;
  // Returns when all that was appended, and the file's name, survive a power cut. The last call.
  // The result stands behind the name for those that read this file; it is empty where a file
  // takes the place of the one that was begun before it.
  virtual Result<std::string> finish() = 0;
};

// Any thread. A name is a folder of docs/format.md and a name in it ("answers/7"), with nothing in
// it that a client chose freely. Which files count is the journal's knowledge. Failures are
// storage_failed, also for a file that is not there, disk_full, and those of a store that is not on
// this machine.
class NamedFiles {
 public:
  virtual ~NamedFiles() = default;

  // Begins the file anew. Blocks.
  virtual Result<std::unique_ptr<NewFile>> create(const std::string& name) = 0;
  // Whether there is any file that was begun under the name.
  virtual runtime::Task<Result<bool>> exists(std::string name) = 0;
  // Of a file of this machine also when it is removed meanwhile; others end then. Outlived by this
  // object. storage_failed when the file does not have `size` bytes.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open(
      std::string name, std::uint64_t size) = 0;
  // The same, as a source of the bytes of `range`.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read(std::string name,
                                                                           std::uint64_t size,
                                                                           ByteRange range) = 0;
  // All that was begun under the names, durably. What is not there is as good as removed.
  virtual runtime::Task<Result<>> remove(std::vector<std::string> names) = 0;
  virtual runtime::Task<Result<Space>> space() = 0;
};

}  // namespace sluice::store
