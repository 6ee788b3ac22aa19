// SPDX-License-Identifier: MIT
// One upload in memory: the owner of its state. Everything that happens to the upload passes
// through here, so that the journal never goes backwards and two requests never write the same
// bytes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "journal/journal.h"
#include "runtime/byte_source.h"
#include "runtime/event.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/admission.h"
#include "upload/announcer.h"
#include "upload/upload.h"
#include "upload/upload_state.h"

namespace sluice::upload {

class LiveUpload;

// The right of one request to write a range of an upload. Ends (and lets newer requests go on) when
// it is destroyed; by then its bytes are settled.
class Claim {
 public:
  Claim(LiveUpload& upload, ByteRange range, runtime::ByteSource& source);
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  // Waits until no older request holds bytes of the range: each of them is cut off at once.
  // taken_over when a newer one came meanwhile, else the count of requests that were cut off.
  runtime::Task<Result<std::size_t>> acquire();
  // The source has nothing more to give; only sync and commit are left.
  void source_ended();

  // The request has written all that it took and waits for its sender, until it goes on.
  void begins_to_wait();
  void goes_on();
  // Bytes of the file were written to `blob`.
  void wrote(ByteRange bytes, const std::shared_ptr<store::Blob>& blob);

 private:
  friend class LiveUpload;
  using TimePoint = std::chrono::steady_clock::time_point;

  LiveUpload& upload_;
  const ByteRange range_;
  // These five under the mutex of the upload. Not GUARDED_BY it: in the functions of LiveUpload the
  // analysis cannot tell that this is their own mutex.
  runtime::ByteSource* source_;  // Null once it has ended.
  bool cut_ = false;
  TimePoint waiting_since_ = TimePoint::min();  // max() while the request is at work.
  RangeSet written_;
  std::shared_ptr<store::Blob> blob_;
  const std::shared_ptr<runtime::Event> settled_ = std::make_shared<runtime::Event>();
};

// Bytes that a running request has written and that the journal does not name yet.
struct Arrived {
  RangeSet ranges;
  std::shared_ptr<store::Blob> blob;
};

// Shared by the requests of one upload, on any worker. The mutex is held for moments, never over an
// await.
class LiveUpload : public std::enable_shared_from_this<LiveUpload> {
 public:
  LiveUpload(journal::UploadRecord record, journal::Journal& journal, Admission& admission,
             Announcer& announcer, std::shared_ptr<std::atomic<std::uint64_t>> bytes_in_memory);
  ~LiveUpload();

  // Constant.
  std::uint64_t id() const noexcept { return constants().id; }
  const std::string& token() const noexcept { return constants().token; }
  std::uint64_t file_size() const noexcept { return constants().file_size; }
  Timestamp created_at() const noexcept { return constants().created_at; }
  // Of a file without a session, until it is known what it is.
  bool is_nameless() const noexcept { return constants().file_name.empty(); }
  bool has_layout() const noexcept { return constants().layout.has_value(); }

  // What is durable.
  journal::UploadProgress progress() const;
  journal::UploadState state() const;
  Timestamp expires_at() const;
  Snapshot snapshot() const;
  // With its durable progress.
  journal::UploadRecord record() const;

  // Applies `event` and returns when the journal has it. Changes that come together share a commit.
  // The transition is the event's own. When a commit fails, every change that waited for it fails
  // and is as if it had never been: a change that can still succeed later is asked for again.
  // `together` is committed with the change, or without it when there is none.
  runtime::Task<Result<Transition>> commit(Event event, std::vector<journal::Change> together = {});
  // The blob is there, with room for the whole file.
  void room_taken();
  // Applies an event that the journal need not know.
  void note(const Event& event);

  // Set when there is nothing more to wait for: a final answer, or no further attempt.
  std::shared_ptr<runtime::Event> decided() const;

  // Ends every request that writes; returns when their bytes are settled or `timeout` has passed.
  runtime::Task<bool> cut_all(Errc reason, Duration timeout);
  bool is_being_written() const;
  // Waits for requests whose sender is gone and whose last bytes are on their way to the disk.
  runtime::Task<> wait_for_settling(Duration timeout);

  // False when each running request has written all that it took, and its sender has been silent
  // for `patience`.
  bool is_taking_bytes(Duration patience) const;
  // The bytes of running requests on their way to the journal, beside these requests. One
  // checkpoint at a time.
  struct Checkpoint {
    std::shared_ptr<runtime::Event> ended;  // Null: there is nothing that the journal lacks.
    // For the caller, which ends the checkpoint. Empty: an earlier one is under way.
    std::vector<Arrived> arrived;
  };
  Checkpoint begin_checkpoint();
  void end_checkpoint();
  // A request ends no earlier than a checkpoint that has begun to make its bytes durable.
  runtime::Task<> wait_for_checkpoint();

  // Whether the journal keeps bytes of one more part that broke off.
  bool keeps_broken_part() const;

  // After a failed sync nothing is acknowledged on this blob until a restart reads the journal
  // again, and what was not synced before is told to nobody.
  void distrust() noexcept;
  bool is_trusted() const noexcept;

 private:
  friend class Claim;
  using SettledEvents = std::list<std::shared_ptr<runtime::Event>>;
  // Changes that share a commit.
  struct Batch {
    std::vector<journal::Change> together;  // These three under the upload's mutex.
    std::optional<Result<>> outcome;
    bool may_be_lost = true;  // As in journal::UpdateUpload.
    runtime::Event ended;
  };

  // All of the record but its progress is constant.
  const journal::UploadRecord& constants() const noexcept NO_THREAD_SAFETY_ANALYSIS {
    return record_;
  }
  void keep(journal::UploadProgress progress) REQUIRES(mutex_);
  void count_bytes() REQUIRES(mutex_);
  SettledEvents cut(const std::function<bool(const Claim&)>& wanted, Errc reason) REQUIRES(mutex_);

  // Its progress is durable, but for noted events.
  journal::UploadRecord record_ GUARDED_BY(mutex_);
  journal::Journal& journal_;
  Admission& admission_;
  Announcer& announcer_;
  // Of all uploads. Requests that end with their event loop may be the last that hold an upload.
  const std::shared_ptr<std::atomic<std::uint64_t>> bytes_in_memory_;
  const std::uint64_t constant_bytes_;  // Of this one.

  mutable Mutex mutex_;
  // With the changes on their way to the journal; null when there are none.
  std::unique_ptr<journal::UploadProgress> pending_ GUARDED_BY(mutex_);
  std::shared_ptr<Batch> committing_ GUARDED_BY(mutex_);  // On its way to the journal, or null.
  // Changes for the commit after that, or null.
  std::shared_ptr<Batch> gathering_ GUARDED_BY(mutex_);
  std::list<Claim*> claims_ GUARDED_BY(mutex_);  // Oldest first.
  // Set at the end of the one under way, or null.
  std::shared_ptr<runtime::Event> checkpoint_ GUARDED_BY(mutex_);
  std::uint64_t changing_bytes_ GUARDED_BY(mutex_) = 0;  // Of the progress, as it was counted last.
  bool trusted_ GUARDED_BY(mutex_) = true;
  // A new one for each round of attempts.
  std::shared_ptr<runtime::Event> decided_ GUARDED_BY(mutex_) = std::make_shared<runtime::Event>();
};

}  // namespace sluice::upload
