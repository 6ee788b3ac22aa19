// SPDX-License-Identifier: MIT
// The one thread that touches the journal's file, and what waits for it: group commit after
// LevelDB's DBImpl::Write. Knows nothing of SQLite.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "journal/changes.h"

namespace sluice::journal {

// `done` is called once, on the queue's thread. The changes stay the caller's, which keeps them
// until then: the thread that made them frees them, so that no other thread locks its allocator.
struct Commit {
  std::span<const Change> changes;
  std::move_only_function<void(Result<>)> done;
};

// In turn it runs every read that waits, writes one batch of the commits that wait, and runs one
// step of one long read, each oldest first. So a read waits for one transaction and one step at
// most, and a commit beside that for the transaction before its own while the queue is not longer
// than a batch.
class CommitQueue {
 public:
  using Read = std::move_only_function<void()>;
  // One step; true when there is another one, for which it is called again.
  using LongRead = std::move_only_function<bool()>;
  // Writes one transaction and calls `done` of each commit. A batch has at most
  // limits::commit_changes_max changes, unless one commit alone has more.
  using Write = std::function<void(std::span<Commit>)>;

  explicit CommitQueue(Write write);
  // Finishes what is queued. Nothing may be added any more.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // From any thread. False, with the argument as it was, when limits::journal_queue_max wait
  // already.
  bool add(Commit& commit);
  bool add(Read& read);
  bool add(LongRead& read);

 private:
  void run();
  bool is_idle() const REQUIRES(mutex_) {
    return commits_.empty() && reads_.empty() && long_reads_.empty();
  }
  std::vector<Commit> take_batch() REQUIRES(mutex_);

  const Write write_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Commit> commits_ GUARDED_BY(mutex_);
  std::deque<Read> reads_ GUARDED_BY(mutex_);
  std::deque<LongRead> long_reads_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sluice::journal
