// SPDX-License-Identifier: MIT
#include "simulation/seams.h"

#include <utility>

#include "simulation/turns.h"

namespace sluice::simulation {

using journal::UploadRecord;
using runtime::Task;

class StoreSeam::Seam final : public store::Blob {
 public:
  Seam(StoreSeam& store, std::shared_ptr<store::Blob> blob)
      : store_(store), blob_(std::move(blob)) {}

  Task<Result<>> write(std::uint64_t offset, Bytes data) override {
    co_await wait_some_turns(store_.dice_);
    co_return co_await blob_->write(offset, data);
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
    Result<> synced = co_await blob_->sync();
    co_await wait_some_turns(store_.dice_);
    co_return synced;
  }

 private:
  StoreSeam& store_;
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
  std::unique_ptr<store::Blob> seam = std::make_unique<Seam>(*this, std::move(*blob));
  co_return seam;
}

Task<Result<>> StoreSeam::remove(std::uint64_t upload_id) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.remove(upload_id);
}

Task<Result<>> StoreSeam::move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                  std::string path) {
  co_await wait_some_turns(dice_);
  co_return co_await store_.move_to(upload_id, file_size, std::move(path));
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

JournalSeam::JournalSeam(Dice& dice, Process& process, Defect defect)
    : dice_(dice), process_(process), defect_(defect) {}

void JournalSeam::reopen() {
  memory_.uploads = durable_uploads_;
  memory_.videos = durable_videos_;
  broken_ = false;
}

void JournalSeam::make_durable() {
  durable_uploads_ = memory_.uploads;
  durable_videos_ = memory_.videos;
}

bool JournalSeam::contradicts(const std::vector<journal::Change>& changes) const {
  for (const journal::Change& change : changes) {
    const auto* update = std::get_if<journal::UpdateUpload>(&change);
    if (update != nullptr && !memory_.uploads.contains(update->id)) {
      return true;
    }
  }
  return false;
}

Task<Result<>> JournalSeam::commit(std::vector<journal::Change> changes) {
  co_await wait_some_turns(dice_);
  if (!process_.alive || broken_) {
    co_return fail(Errc::storage_failed, "the journal takes no changes any more");
  }
  if (contradicts(changes)) {
    co_return fail(Errc::internal, "the change contradicts the journal");
  }
  if (dice_.chance(faults_.death_before)) {
    process_.alive = false;
    co_return fail(Errc::storage_failed, "the process has died");
  }
  broken_ = dice_.chance(faults_.failure);
  if (broken_ && dice_.chance(0.5)) {
    co_return fail(Errc::storage_failed, "planted failure of the journal");
  }
  if (defect_ == Defect::commits_before_it_is_durable) {
    make_durable();  // What earlier commits brought.
  }
  ++commits_;
  const Result<> applied = co_await memory_.commit(std::move(changes));
  if (defect_ != Defect::commits_before_it_is_durable) {
    make_durable();
  }
  if (dice_.chance(faults_.death_after)) {
    process_.alive = false;
  }
  if (broken_ || !process_.alive) {
    co_return fail(Errc::storage_failed, "nobody knows whether this was committed");
  }
  co_await store_->sync_late();
  co_await wait_some_turns(dice_);
  co_return applied;
}

bool JournalSeam::fails_to_read() {
  return !process_.alive || dice_.chance(faults_.read_error);
}

Task<Result<std::optional<UploadRecord>>> JournalSeam::find_upload(std::string token) {
  co_await wait_some_turns(dice_);
  if (fails_to_read()) {
    co_return fail(Errc::storage_failed, "the journal cannot be read");
  }
  co_return co_await memory_.find_upload(std::move(token));
}

Task<Result<std::optional<UploadRecord>>> JournalSeam::find_upload_by_id(std::uint64_t id) {
  co_await wait_some_turns(dice_);
  if (fails_to_read()) {
    co_return fail(Errc::storage_failed, "the journal cannot be read");
  }
  co_return co_await memory_.find_upload_by_id(id);
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::undelivered(std::uint64_t after,
                                                                 std::size_t count) {
  co_return co_await memory_.undelivered(after, count);
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::due(Timestamp now, std::size_t count) {
  if (fails_to_read()) {
    co_return fail(Errc::storage_failed, "the journal cannot be read");
  }
  auto found = co_await memory_.due(now, count);
  co_await wait_some_turns(dice_);
  co_return found;
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::leftover_blobs(std::size_t count) {
  if (fails_to_read()) {
    co_return fail(Errc::storage_failed, "the journal cannot be read");
  }
  auto found = co_await memory_.leftover_blobs(count);
  co_await wait_some_turns(dice_);
  co_return found;
}

Task<Result<std::map<journal::UploadState, std::uint64_t>>> JournalSeam::upload_counts() {
  co_return co_await memory_.upload_counts();
}

Task<Result<std::optional<journal::VideoRecord>>> JournalSeam::find_video(std::string id) {
  if (fails_to_read()) {
    co_return fail(Errc::storage_failed, "the journal cannot be read");
  }
  co_return co_await memory_.find_video(std::move(id));
}

Task<Result<journal::VideoPage>> JournalSeam::list_videos(journal::VideoQuery query) {
  co_return co_await memory_.list_videos(std::move(query));
}

Task<Result<std::vector<journal::VideoRecord>>> JournalSeam::leftover_videos(std::size_t count) {
  co_return co_await memory_.leftover_videos(count);
}

}  // namespace sluice::simulation
