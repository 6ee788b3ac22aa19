// SPDX-License-Identifier: MIT
#include "simulation/seams.h"

#include <utility>

#include "simulation/turns.h"

namespace sluice::simulation {

using runtime::Task;

class StoreSeam::Seam final : public store::Blob {
 public:
  Seam(StoreSeam& store, std::uint64_t upload_id, std::shared_ptr<store::Blob> blob)
      : store_(store), upload_id_(upload_id), blob_(std::move(blob)) {}

  Task<store::Received> receive(ByteRange range, runtime::ByteSource& source,
                                store::AtEnd at_end) override {
    co_await wait_some_turns(store_.dice_);
    if (store_.defect_ != Defect::none) {
      at_end =
          store::AtEnd::goes_on;  // Else a sync would be done before a defect can leave it out.
    }
    store::Received received = co_await blob_->receive(range, source, at_end);
    store_.unsynced_[upload_id_].add({range.begin, range.begin + received.bytes});
    co_await wait_some_turns(store_.dice_);
    co_return received;
  }
  Task<Result<std::size_t>> count_equal(std::uint64_t offset, Bytes bytes) override {
    co_await wait_some_turns(store_.dice_);
    co_return co_await blob_->count_equal(offset, bytes);
  }
  Task<Result<>> settle(RangeSet unsynced) override {
    co_await wait_some_turns(store_.dice_);
    if (store_.defect_ == Defect::answers_before_sync) {
      co_return Result<>();
    }
    if (store_.defect_ == Defect::commits_before_sync) {
      store_.late_.push_back(blob_);
      co_return Result<>();
    }
    store_.unsynced_.erase(upload_id_);
    Result<> settled = co_await blob_->settle(std::move(unsynced));
    co_await wait_some_turns(store_.dice_);
    co_return settled;
  }

 private:
  StoreSeam& store_;
  const std::uint64_t upload_id_;
  const std::shared_ptr<store::Blob> blob_;
};

StoreSeam::StoreSeam(store::Store& store, Dice& dice, Defect defect)
    : store_(store), dice_(dice), defect_(defect) {}

std::unique_ptr<store::Blob> StoreSeam::open(const store::BlobRef& blob) {
  return std::make_unique<Seam>(*this, blob.upload_id, store_.open(blob));
}

Task<Result<>> StoreSeam::remove(std::uint64_t upload_id) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.remove(upload_id);
}

Task<Result<>> StoreSeam::release_room(std::uint64_t upload_id, std::uint64_t size) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.release_room(upload_id, size);
}

Task<Result<std::shared_ptr<runtime::ReadableFile>>> StoreSeam::open_finished(
    std::uint64_t upload_id, std::uint64_t size) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.open_finished(upload_id, size);
}

Task<Result<bool>> StoreSeam::finish(std::uint64_t upload_id,
                                     std::vector<store::NamedRange> files) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.finish(upload_id, std::move(files));
}

Task<Result<store::Space>> StoreSeam::space() {
  co_return co_await store_.space();
}

Task<> StoreSeam::sync_late() {
  const auto late = std::exchange(late_, {});
  for (const std::shared_ptr<store::Blob>& blob : late) {
    (void)co_await blob->settle({});
  }
}

}  // namespace sluice::simulation
