// SPDX-License-Identifier: MIT
#include "simulation/seams.h"

#include <utility>

#include "simulation/turns.h"

namespace sluice::simulation {

using runtime::Task;

class StoreSeam::Seam final : public testing::ForwardingBlob {
 public:
  Seam(StoreSeam& store, std::uint64_t upload_id, std::shared_ptr<store::Blob> blob)
      : ForwardingBlob(std::move(blob)), store_(store), upload_id_(upload_id) {}

  Task<store::Received> receive(ByteRange range, runtime::ByteSource& source,
                                store::AtEnd at_end) override {
    if (store_.defect_ != Defect::none) {
      // With `settles` the store could sync before the defect can leave the sync out.
      at_end = store::AtEnd::goes_on;
    }
    store::Received received = co_await ForwardingBlob::receive(range, source, at_end);
    store_.unsynced_[upload_id_].add({range.begin, range.begin + received.bytes});
    co_await wait_some_turns(store_.dice_);
    co_return received;
  }
  Task<Result<std::vector<model::Extent>>> settle(RangeSet named, RangeSet unsynced) override {
    co_await wait_some_turns(store_.dice_);
    if (store_.defect_ == Defect::answers_before_sync) {
      co_return std::vector<model::Extent>();
    }
    if (store_.defect_ == Defect::commits_before_sync) {
      store_.late_.push_back(inner());
      co_return std::vector<model::Extent>();
    }
    store_.unsynced_.erase(upload_id_);
    auto settled = co_await inner()->settle(std::move(named), std::move(unsynced));
    co_await wait_some_turns(store_.dice_);
    co_return settled;
  }

 protected:
  Task<Result<>> before_call() override {
    co_await wait_some_turns(store_.dice_);
    co_return Result<>();
  }

 private:
  StoreSeam& store_;
  const std::uint64_t upload_id_;
};

StoreSeam::StoreSeam(store::Store& store, Dice& dice, Defect defect)
    : ForwardingStore(store), dice_(dice), defect_(defect) {}

std::unique_ptr<store::Blob> StoreSeam::open(const store::BlobRef& blob) {
  return std::make_unique<Seam>(*this, blob.upload_id, ForwardingStore::open(blob));
}

Task<Result<>> StoreSeam::before_change() {
  co_await wait_some_turns(dice_);
  co_return Result<>();
}

Task<> StoreSeam::sync_late() {
  const auto late = std::exchange(late_, {});
  for (const std::shared_ptr<store::Blob>& blob : late) {
    (void)co_await blob->settle({}, {});
  }
}

}  // namespace sluice::simulation
