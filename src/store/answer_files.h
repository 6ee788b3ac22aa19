// SPDX-License-Identifier: MIT
// The bodies of answers that are too large for the journal: DIRECTORY/<id> (docs/format.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/durability.h"
#include "base/error.h"
#include "runtime/blocking_pool.h"
#include "runtime/byte_source.h"
#include "runtime/disk.h"
#include "runtime/task.h"

namespace sluice::store {

// Any thread. Which of the files count is the journal's knowledge. Failures are storage_failed and
// disk_full.
class AnswerFiles {
 public:
  // `directory` exists and its name is durable. Outlives what open() gives.
  AnswerFiles(runtime::Disk& disk, runtime::BlockingPool& pool, std::string directory,
              Durability durability);

  // Begins the body of an upload's answer anew. Blocks.
  Result<std::unique_ptr<runtime::DiskFile>> create(std::uint64_t upload_id);
  // Returns when all that was written, and the file's name, survive a power cut. Blocks.
  Result<> sync(runtime::DiskFile& file);

  // From the first byte. storage_failed when the file does not have `size` bytes.
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open(std::uint64_t upload_id,
                                                                   std::uint64_t size);
  // Durably. A file that is not there is as good as removed.
  runtime::Task<Result<>> remove(std::uint64_t upload_id);

 private:
  Result<std::shared_ptr<runtime::ByteSource>> open_now(std::uint64_t upload_id,
                                                        std::uint64_t size);
  Result<> remove_now(std::uint64_t upload_id);
  std::string path(std::uint64_t upload_id) const;

  runtime::Disk& disk_;
  runtime::BlockingPool& pool_;
  const std::string directory_;
  const Durability durability_;
};

}  // namespace sluice::store
