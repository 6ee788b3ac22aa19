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

  Task<Result<>> write(std::uint64_t offset, Bytes data) override {
    co_await wait_some_turns(store_.dice_);
    store_.unsynced_[upload_id_].add({offset, offset + data.size()});
    store_.last_write_end_[upload_id_] = offset + data.size();
    co_return co_await blob_->write(offset, data);
  }
  Task<Streamed> stream(Stream stream) override {
    co_await wait_some_turns(store_.dice_);
    const std::uint64_t offset = stream.offset;
    if (store_.defect_ != Defect::none) {
      stream.sync_at = 0;  // Else it would be done before a defect can leave it out.
    }
    Streamed streamed = co_await blob_->stream(std::move(stream));
    store_.unsynced_[upload_id_].add({offset, offset + streamed.bytes});
    store_.last_write_end_[upload_id_] = offset + streamed.bytes;
    co_await wait_some_turns(store_.dice_);
    co_return streamed;
  }
  Task<Result<std::size_t>> read(std::uint64_t offset, MutableBytes buffer) override {
    co_await wait_some_turns(store_.dice_);
    co_return co_await blob_->read(offset, buffer);
  }
  Task<Result<>> sync() override {
    co_await wait_some_turns(store_.dice_);
    if (store_.defect_ == Defect::answers_before_sync) {
      co_return Result<>();
    }
    if (store_.defect_ == Defect::commits_before_sync) {
      store_.late_.push_back(blob_);
      co_return Result<>();
    }
    store_.unsynced_.erase(upload_id_);
    Result<> synced = co_await blob_->sync();
    co_await wait_some_turns(store_.dice_);
    co_return synced;
  }

 private:
  StoreSeam& store_;
  const std::uint64_t upload_id_;
  const std::shared_ptr<store::Blob> blob_;
};

StoreSeam::StoreSeam(store::Store& store, Dice& dice, Defect defect)
    : store_(store), dice_(dice), defect_(defect) {}

Task<Result<std::unique_ptr<store::Blob>>> StoreSeam::open(std::uint64_t upload_id,
                                                           std::uint64_t file_size,
                                                           std::uint64_t stored_end) {
  co_await wait_some_turns(dice_);
  auto blob = co_await store_.open(upload_id, file_size, stored_end);
  co_await wait_some_turns(dice_);
  if (!blob) {
    co_return fail(blob.error());
  }
  std::unique_ptr<store::Blob> seam = std::make_unique<Seam>(*this, upload_id, std::move(*blob));
  co_return seam;
}

Task<Result<std::uint64_t>> StoreSeam::size(std::uint64_t upload_id) {
  co_await wait_some_turns(dice_);
  const auto last = last_write_end_.find(upload_id);
  if (defect_ == Defect::takes_the_last_write_for_the_end && last != last_write_end_.end()) {
    co_return last->second;
  }
  co_return co_await store_.size(upload_id);
}

Task<Result<>> StoreSeam::remove(std::uint64_t upload_id) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.remove(upload_id);
}

Task<Result<bool>> StoreSeam::move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                      std::string path) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.move_to(upload_id, file_size, std::move(path));
}

Task<Result<>> StoreSeam::split(std::uint64_t upload_id, std::uint64_t main_size,
                                std::vector<store::SplitOff> extra_files) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.split(upload_id, main_size, std::move(extra_files));
}

Task<Result<runtime::DiskSpace>> StoreSeam::space() {
  co_return co_await store_.space();
}

Task<> StoreSeam::sync_late() {
  const auto late = std::exchange(late_, {});
  for (const std::shared_ptr<store::Blob>& blob : late) {
    (void)co_await blob->sync();
  }
}

}  // namespace sluice::simulation
