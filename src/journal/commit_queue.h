// SPDX-License-Identifier: MIT
// The one thread that touches the journal's file, and what waits for it: group commit after
// LevelDB's DBImpl::Write. Knows nothing of SQLite.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/error.h"
#include "journal/records.h"

namespace sluice::journal {

// `done` is called once, on the queue's thread. The changes stay the caller's, who keeps them until
// then: they are freed by the thread that made them, whose allocator nobody else need lock.
struct Commit {
  std::span<const Change> changes;
  std::move_only_function<void(Result<>)> done;
};

// In turn it runs every read that waits and writes one batch of the commits that wait, oldest
// first. So a read waits for one transaction at most, and a commit for the one before its own while
// the queue is not longer than a batch.
class CommitQueue {
 public:
  using Read = std::move_only_function<void()>;
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

 private:
  void run();
  // The lock must be held.
  std::vector<Commit> take_batch();

  const Write write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Commit> commits_;  // These three under the lock.
  std::deque<Read> reads_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::journal
