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
#include <string>
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
#include "upload/group_commit.h"
#include "upload/story.h"
#include "upload/upload.h"
#include "upload/upload_state.h"

namespace sluice::upload {

class LiveUpload;

// The right of one request to write a range of an upload. Ends (and lets newer requests go on) when
// it is destroyed; by then its bytes are settled.
class Claim {
 public:
  Claim(LiveUpload& upload, ByteRange range, runtime::ByteSource& source);
  // Of a caller that brings no bytes.
  Claim(LiveUpload& upload, ByteRange range);
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

  // Set when the claim has ended. Under the mutex of the upload.
  const std::shared_ptr<runtime::Event>& settled();

  LiveUpload& upload_;
  const ByteRange range_;
  const TimePoint began_ = std::chrono::steady_clock::now();
  // These six under the mutex of the upload. Not GUARDED_BY it: in the functions of LiveUpload the
  // analysis cannot tell that this is their own mutex.
  runtime::ByteSource* source_ = nullptr;  // Null once it has ended.
  bool cut_ = false;
  TimePoint waiting_since_ = TimePoint::min();  // max() while the request is at work.
  RangeSet written_;
  std::shared_ptr<store::Blob> blob_;
  std::shared_ptr<runtime::Event> settled_;  // Null while no other request waits for it.
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
  // `announced`: of a file without a session, as in NewUpload.
  LiveUpload(model::UploadRecord record, journal::Journal& journal, Admission& admission,
             Announcer& announcer, const Clock& clock,
             std::shared_ptr<std::atomic<std::uint64_t>> bytes_in_memory,
             std::optional<std::uint64_t> announced = {});
  ~LiveUpload();

  // Constant.
  std::uint64_t id() const noexcept { return changes_.facts().id; }
  const std::string& token() const noexcept { return changes_.facts().token; }
  Timestamp created_at() const noexcept { return changes_.facts().created_at; }
  // Of a file without a session, until it is known what it is: no client was told of it, and the
  // journal names none of its bytes.
  bool is_nameless() const noexcept { return announced_.has_value(); }
  const std::string& dialect() const noexcept { return changes_.facts().dialect; }
  const std::string& file_name() const noexcept { return changes_.facts().file_name; }
  const std::string& owner() const noexcept { return changes_.facts().owner; }
  bool is_partial() const noexcept { return changes_.facts().is_partial; }
  const std::vector<std::string>& partials() const noexcept { return changes_.facts().partials; }
  bool has_layout() const noexcept { return changes_.facts().layout.has_value(); }

  // The durable values.
  model::UploadProgress progress() const;
  model::UploadState state() const;
  std::optional<std::uint64_t> file_size() const;
  // As model::size_bound().
  std::uint64_t size_bound() const;
  // What is promised to it before its first byte (room_for()).
  std::uint64_t room() const;
  Timestamp expires_at() const;
  Snapshot snapshot() const;
  // With its durable progress.
  model::UploadRecord record() const;

  // Applies `event` and returns when the journal has it. Changes that come together share a commit.
  // The transition is that of the event alone, as it was applied in the end. When a commit fails,
  // each change that waited for it fails and is as if it had never been, as far as the journal
  // knows: a change that can still succeed later is asked for again. `together` is committed with
  // the change, and not without it.
  runtime::Task<Result<Transition>> commit(Event event, std::vector<journal::Change> together = {});
  // The blob is there, with its room.
  void room_taken();
  // Its record is not in the journal any more, or not as it was here. Nothing is promised to it.
  void left_journal();
  // Applies an event that the journal need not know.
  void note(const Event& event);
  // Reads what other engines have made of the upload. not_found when it was removed.
  runtime::Task<Result<>> refresh();
  // As GroupCommit::take_elsewhere().
  bool take_elsewhere() { return changes_.take_elsewhere(); }

  // Set when there is nothing more to wait for: a final answer, no further attempt, or the end of
  // the upload.
  std::shared_ptr<runtime::Event> decided() const;

  // Ends the requests that began more than `age` ago and bring bytes of the range. Does not wait.
  void cut_older(ByteRange range, Duration age);
  // Ends every request that writes; returns when their bytes are settled or `timeout` has passed.
  runtime::Task<bool> cut_all(Errc reason, Duration timeout);
  bool is_being_written() const;
  // Bytes of the file that are stored, or written by running requests.
  std::uint64_t arrived_bytes() const;
  // Since the last byte that a request wrote; nullopt where none did.
  std::optional<Duration> silence() const;

  // For the story of the upload, which operators read. A request is about to bring bytes.
  void tell_of_begin(std::uint64_t offset);
  // It has brought so many; with an error it broke off.
  void tell_of_end(Timestamp began, std::uint64_t bytes, const Result<>& outcome);
  Story story() const;
  // When it came into memory: the story goes back no further.
  Timestamp in_memory_since() const noexcept { return in_memory_since_; }

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
  // again, and no client is told of bytes that were not synced before.
  void distrust() noexcept;
  bool is_trusted() const noexcept;

 private:
  friend class Claim;
  using SettledEvents = std::list<std::shared_ptr<runtime::Event>>;
  std::uint64_t room_of(const model::UploadProgress& progress) const;
  void becomes(const model::UploadProgress& newer);
  void count_bytes(const model::UploadProgress& progress);
  void tell_if_decided();
  void tell(StoryEvent event);
  SettledEvents cut(const std::function<bool(const Claim&)>& wanted, Errc reason) REQUIRES(mutex_);

  Admission& admission_;
  const Clock& clock_;
  // Of all uploads. Requests that end with their event loop may be the last that hold an upload.
  const std::shared_ptr<std::atomic<std::uint64_t>> bytes_in_memory_;
  const std::uint64_t constant_bytes_;  // Of this one.
  const std::optional<std::uint64_t> announced_;
  const Timestamp in_memory_since_;

  std::uint64_t changing_bytes_ = 0;  // Of the progress, as it was counted last.
  GroupCommit changes_;               // Calls becomes() under its lock.

  mutable Mutex mutex_;                          // Taken after the lock of changes_, never before.
  std::list<Claim*> claims_ GUARDED_BY(mutex_);  // Oldest first.
  std::optional<std::chrono::steady_clock::time_point> last_byte_at_ GUARDED_BY(mutex_);
  Story story_ GUARDED_BY(mutex_);
  // Set at the end of the one under way, or null.
  std::shared_ptr<runtime::Event> checkpoint_ GUARDED_BY(mutex_);
  // A new one for each round of attempts.
  std::shared_ptr<runtime::Event> decided_ GUARDED_BY(mutex_) = std::make_shared<runtime::Event>();
};

}  // namespace sluice::upload
