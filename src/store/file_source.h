// SPDX-License-Identifier: MIT
// A finished file as a source of bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/range_set.h"
#include "runtime/blocking_pool.h"
#include "runtime/byte_source.h"
#include "runtime/readable_file.h"
#include "runtime/task.h"

namespace sluice::store {

class FileSource final : public runtime::ByteSource {
 public:
  // Gives the bytes of `range`; storage_failed when the file ends before. `what` names the file in
  // errors. The pool outlives this.
  FileSource(runtime::BlockingPool& pool, std::shared_ptr<runtime::ReadableFile> file,
             ByteRange range, std::string what)
      : pool_(pool), file_(std::move(file)), rest_(range), what_(std::move(what)) {}

  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  // Of a file with a descriptor.
  std::unique_ptr<runtime::Loan> lend() override;
  std::optional<std::uint64_t> remaining() const override { return rest_.size(); }
  void cancel(Errc reason) override { cancelled_.store(reason); }

 private:
  class Lent;

  Result<> check() const;

  runtime::BlockingPool& pool_;
  const std::shared_ptr<runtime::ReadableFile> file_;
  ByteRange rest_;
  const std::string what_;
  std::atomic<std::optional<Errc>> cancelled_{std::nullopt};
};

}  // namespace sluice::store
