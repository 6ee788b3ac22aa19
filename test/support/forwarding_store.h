// SPDX-License-Identifier: MIT
// For a test that steps in between an engine and its store.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace sluice::testing {

class ForwardingBlob : public store::Blob {
 public:
  explicit ForwardingBlob(std::shared_ptr<store::Blob> inner) : inner_(std::move(inner)) {}

  runtime::Task<store::Received> receive(ByteRange range, runtime::ByteSource& source,
                                         store::AtEnd at_end) override {
    if (const Result<> allowed = co_await before_call(); !allowed) {
      co_return store::Received{0, allowed};
    }
    co_return co_await inner_->receive(range, source, at_end);
  }
  runtime::Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) override {
    if (const Result<> allowed = co_await before_call(); !allowed) {
      co_return fail(allowed.error());
    }
    co_return co_await inner_->count_equal(offset, bytes);
  }
  runtime::Task<Result<std::vector<model::Extent>>> settle(RangeSet named,
                                                           RangeSet unsynced) override {
    if (const Result<> allowed = co_await before_call(); !allowed) {
      co_return fail(allowed.error());
    }
    co_return co_await inner_->settle(std::move(named), std::move(unsynced));
  }
  runtime::Task<Result<bool>> is_stored_so(RangeSet ranges) override {
    if (const Result<> allowed = co_await before_call(); !allowed) {
      co_return fail(allowed.error());
    }
    co_return co_await inner_->is_stored_so(std::move(ranges));
  }

 protected:
  // Comes before each call. An error is that of the call.
  virtual runtime::Task<Result<>> before_call() { co_return Result<>(); }

  const std::shared_ptr<store::Blob>& inner() const { return inner_; }

 private:
  const std::shared_ptr<store::Blob> inner_;
};

class ForwardingStore : public store::Store {
 public:
  // `inner` outlives this.
  explicit ForwardingStore(store::Store& inner) : inner_(inner) {}

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override {
    return inner_.open(blob);
  }
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override {
    if (const Result<> allowed = co_await before_change(); !allowed) {
      co_return allowed;
    }
    co_return co_await inner_.remove(upload_id);
  }
  bool finish_takes_blob() const noexcept override { return inner_.finish_takes_blob(); }
  Duration late_bytes_max() const noexcept override { return inner_.late_bytes_max(); }
  runtime::Task<Result<>> release_room(std::uint64_t upload_id, std::uint64_t size) override {
    if (const Result<> allowed = co_await before_change(); !allowed) {
      co_return allowed;
    }
    co_return co_await inner_.release_room(upload_id, size);
  }
  runtime::Task<Result<std::shared_ptr<runtime::ReadableFile>>> open_finished(
      std::uint64_t upload_id, std::uint64_t size) override {
    return inner_.open_finished(upload_id, size);
  }
  runtime::Task<Result<std::unique_ptr<runtime::ByteSource>>> read_finished(
      std::uint64_t upload_id, std::uint64_t size, std::uint64_t begin) override {
    return inner_.read_finished(upload_id, size, begin);
  }
  runtime::Task<Result<bool>> finish(std::uint64_t upload_id,
                                     std::vector<store::NamedRange> files) override {
    if (const Result<> allowed = co_await before_change(); !allowed) {
      co_return fail(allowed.error());
    }
    co_return co_await inner_.finish(upload_id, std::move(files));
  }
  runtime::Task<Result<>> ping() override { return inner_.ping(); }
  runtime::Task<Result<store::Space>> space() override { return inner_.space(); }

 protected:
  // Comes before remove(), release_room() and finish(). An error is that of the call.
  virtual runtime::Task<Result<>> before_change() { co_return Result<>(); }

 private:
  store::Store& inner_;
};

}  // namespace sluice::testing
