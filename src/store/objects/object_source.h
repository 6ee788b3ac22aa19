// SPDX-License-Identifier: MIT
// The bytes of an object for one reader, who may be slow.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "runtime/buffer_pool.h"
#include "runtime/byte_source.h"
#include "s3/object_store.h"

namespace sluice::store::objects {

// Asks the store for what fits into the reader's buffer, and for limits::extent_read_bytes where
// the budget of the buffers has room to spare. No thread waits. storage_failed when the object ends
// before, or is gone.
class ObjectSource final : public runtime::ByteSource {
 public:
  // The store and the buffers outlive this.
  ObjectSource(s3::ObjectStore& objects, runtime::BufferPool& buffers, std::string key,
               ByteRange range)
      : objects_(objects), buffers_(buffers), key_(std::move(key)), rest_(range) {}

  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  std::optional<std::uint64_t> remaining() const override { return rest_.size(); }
  void cancel(Errc reason) override { cancelled_.store(reason); }

 private:
  Result<> check() const;
  // The next bytes are in `held_`: `wanted` at least, or all that are left.
  runtime::Task<Result<>> fetch(std::size_t wanted);
  std::size_t give(MutableBytes buffer);

  s3::ObjectStore& objects_;
  runtime::BufferPool& buffers_;
  const std::string key_;
  ByteRange rest_;  // For the reader.
  std::string held_;
  std::size_t given_ = 0;  // Of `held_`.
  std::optional<runtime::BudgetShare> share_;
  std::atomic<std::optional<Errc>> cancelled_{std::nullopt};
};

}  // namespace sluice::store::objects
