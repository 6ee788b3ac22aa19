// SPDX-License-Identifier: MIT
// Named files as files of this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/durability.h"
#include "runtime/blocking_pool.h"
#include "runtime/disk.h"
#include "store/named_files.h"

namespace sluice::store::local {

// The file of a name is DIRECTORY/name.
class LocalFiles final : public NamedFiles {
 public:
  // `directory` and those in it that names speak of exist, and their names are durable.
  LocalFiles(runtime::Disk& disk, runtime::BlockingPool& pool, std::string directory,
             Durability durability);

  Result<std::unique_ptr<NewFile>> create(const std::string& name) override;
  runtime::Task<Result<bool>> exists(std::string name) override;
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open(std::string name,
                                                                     std::uint64_t size) override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read(std::string name,
                                                                   std::uint64_t size,
                                                                   ByteRange range) override;
  runtime::Task<Result<>> remove(std::vector<std::string> names) override;
  runtime::Task<Result<Space>> space() override;

 private:
  // These block.
  Result<> remove_now(const std::vector<std::string>& names);

  std::string path_of(const std::string& name) const { return directory_ + "/" + name; }

  runtime::Disk& disk_;
  runtime::BlockingPool& pool_;
  const std::string directory_;
  const Durability durability_;
};

}  // namespace sluice::store::local
