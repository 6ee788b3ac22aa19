// SPDX-License-Identifier: MIT
// The way of an upload's changes to the journal. Changes that come while a commit is under way
// share the next one. Changes that lost a race against another engine are applied again to the
// record that came first.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "upload/announcer.h"
#include "upload/upload_state.h"

namespace sluice::upload {

// Owns the record of one upload, as it is durable. Any thread.
class GroupCommit {
 public:
  // Is called under the lock before the record gets a newer progress.
  using Observer = std::function<void(const model::UploadProgress& newer)>;

  GroupCommit(model::UploadRecord record, journal::Journal& journal, Announcer& announcer,
              Observer observer);

  // All of the record but its progress is constant.
  const model::UploadRecord& facts() const noexcept NO_THREAD_SAFETY_ANALYSIS { return record_; }
  // The result of `read` on the record, under the lock.
  template <class Read>
  auto look(Read read) const {
    const MutexLock lock(mutex_);
    return read(record_);
  }

  // As LiveUpload::commit().
  runtime::Task<Result<Transition>> commit(Event event, std::vector<journal::Change> together);
  // Applies an event that the journal need not know.
  void note(const Event& event);
  // Reads what other engines have made of the upload. not_found when it was removed.
  runtime::Task<Result<>> refresh();
  // Whether another engine may have changed the upload since the last call: at the first one too.
  bool take_elsewhere();

  // From now on a change that a power cut may take is refused.
  void distrust() noexcept;
  bool is_trusted() const noexcept;

 private:
  struct Entry {
    Event event;
    std::vector<journal::Change> together;
    Transition transition;
  };
  // Changes that share a commit, in their order.
  struct Batch {
    std::vector<Entry> entries;
    std::optional<Result<>> outcome;
    runtime::Event ended;
  };

  struct Place {
    std::shared_ptr<Batch> batch;
    std::size_t index = 0;  // Of the caller's entry.
  };
  struct Turn {
    enum Kind { own, another, over };
    Kind kind;
    std::shared_ptr<Batch> under_way;  // Of another: the one to wait for.
  };

  Result<Place> join(Event event, std::vector<journal::Change> together);
  // Whether the batch has an outcome, waits for another one, or is the caller's to write now.
  Turn next(const Batch& batch);
  void finish(Batch& batch, Result<> outcome);
  runtime::Task<Result<>> write(Batch& batch);
  runtime::Task<Result<>> try_to_write(Batch& batch);
  // The record as the batch changes it; nullopt where that changes nothing.
  std::optional<journal::UpdateUpload> applied(Batch& batch) const REQUIRES(mutex_);
  void keep(model::UploadProgress progress) REQUIRES(mutex_);

  // Its progress is durable, but for noted events.
  model::UploadRecord record_ GUARDED_BY(mutex_);
  journal::Journal& journal_;
  Announcer& announcer_;
  const Observer observer_;

  mutable Mutex mutex_;
  std::shared_ptr<Batch> committing_ GUARDED_BY(mutex_);  // On its way to the journal, or null.
  // Changes for the commit after that, or null.
  std::shared_ptr<Batch> gathering_ GUARDED_BY(mutex_);
  std::vector<Event> noted_ GUARDED_BY(mutex_);  // While a commit is under way.
  bool trusted_ GUARDED_BY(mutex_) = true;
  bool is_elsewhere_ GUARDED_BY(mutex_) = true;
};

}  // namespace sluice::upload
