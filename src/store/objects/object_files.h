// SPDX-License-Identifier: MIT
// Named files as objects (docs/format.md).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/task.h"
#include "store/named_files.h"
#include "store/objects/extent_tools.h"

namespace sluice::store::objects {

// No object changes: what create() begins becomes an object of its own each time, and an attempt
// that comes late harms none that came after it.
class ObjectFiles final : public NamedFiles {
 public:
  // The tools outlive this and all that it gives. `executor` is a worker's: the requests of new
  // files and of open() are made there. The calls of these block, on other threads than the ones
  // that read the bodies of requests.
  ObjectFiles(ExtentTools& tools, runtime::Executor executor)
      : tools_(tools), executor_(std::move(executor)) {}

  // What is appended waits in scratch. `overloaded` without room there.
  Result<std::unique_ptr<NewFile>> create(const std::string& name) override;
  runtime::Task<Result<bool>> exists(std::string name) override;
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open(std::string name,
                                                                     std::uint64_t size) override;
  runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read(std::string name,
                                                                   std::uint64_t size,
                                                                   ByteRange range) override;
  runtime::Task<Result<>> remove(std::vector<std::string> names) override;
  // Without a bound.
  runtime::Task<Result<Space>> space() override;

 private:
  runtime::Task<Result<>> expect(std::string key, std::uint64_t size);

  ExtentTools& tools_;
  const runtime::Executor executor_;
};

}  // namespace sluice::store::objects
