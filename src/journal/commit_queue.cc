// SPDX-License-Identifier: MIT
#include "journal/commit_queue.h"

#include <pthread.h>

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::journal {
namespace {

template <class Job>
bool add_to(std::deque<Job>& jobs, Job& job) {
  if (jobs.size() >= limits::journal_queue_max) {
    return false;
  }
  jobs.push_back(std::move(job));
  return true;
}

}  // namespace

CommitQueue::CommitQueue(Write write) : write_(std::move(write)) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "journal");
    run();
  });
}

CommitQueue::~CommitQueue() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool CommitQueue::add(Commit& commit) {
  {
    const MutexLock lock(mutex_);
    SLUICE_CHECK(!stopping_);
    if (!add_to(commits_, commit)) {
      return false;
    }
  }
  changed_.notify_one();
  return true;
}

bool CommitQueue::add(Read& read) {
  {
    const MutexLock lock(mutex_);
    SLUICE_CHECK(!stopping_);
    if (!add_to(reads_, read)) {
      return false;
    }
  }
  changed_.notify_one();
  return true;
}

bool CommitQueue::add(LongRead& read) {
  {
    const MutexLock lock(mutex_);
    SLUICE_CHECK(!stopping_);
    if (!add_to(long_reads_, read)) {
      return false;
    }
  }
  changed_.notify_one();
  return true;
}

void CommitQueue::run() {
  for (;;) {
    std::deque<Read> reads;
    std::vector<Commit> batch;
    std::optional<LongRead> step;
    {
      MutexLock lock(mutex_);
      changed_.wait(lock, [this]() REQUIRES(mutex_) { return stopping_ || !is_idle(); });
      if (is_idle()) {
        return;
      }
      reads.swap(reads_);
      batch = take_batch();
      if (!long_reads_.empty()) {
        step = std::move(long_reads_.front());
        long_reads_.pop_front();
      }
    }
    for (Read& read : reads) {
      read();
    }
    if (!batch.empty()) {
      write_(batch);
    }
    if (step && (*step)()) {
      const MutexLock lock(mutex_);
      // One after the other: a read that is under way holds the rows that it has found.
      long_reads_.push_front(*std::move(step));
    }
  }
}

std::vector<Commit> CommitQueue::take_batch() {
  std::vector<Commit> batch;
  std::size_t changes = 0;
  while (!commits_.empty()) {
    changes += commits_.front().changes.size();
    if (!batch.empty() && changes > limits::commit_changes_max) {
      break;
    }
    batch.push_back(std::move(commits_.front()));
    commits_.pop_front();
  }
  return batch;
}

}  // namespace sluice::journal
