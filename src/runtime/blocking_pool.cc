// SPDX-License-Identifier: MIT
#include "runtime/blocking_pool.h"

#include <pthread.h>

#include "base/check.h"

namespace sluice::runtime {

BlockingPool::BlockingPool(std::size_t threads) : threads_(threads) {
  for (Thread& thread : threads_) {
    thread.thread = std::thread([this, &thread] {
      pthread_setname_np(pthread_self(), "blocking");
      run(thread);
    });
  }
}

BlockingPool::~BlockingPool() {
  stop();
}

void BlockingPool::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  for (Thread& thread : threads_) {
    thread.woken_up.notify_one();
  }
  for (Thread& thread : threads_) {
    if (thread.thread.joinable()) {
      thread.thread.join();
    }
  }
}

void BlockingPool::add(std::unique_ptr<Job> job) {
  Thread* woken = nullptr;
  {
    const MutexLock lock(mutex_);
    SLUICE_CHECK(!stopping_);
    jobs_.push_back(std::move(job));
    woken = wake();
  }
  if (woken != nullptr) {
    woken->woken_up.notify_one();
  }
}

// A thread that is on its way takes the next job and sees to the one after it before it blocks: one
// at a time is enough, and where jobs are short, the threads that are awake do most of them.
BlockingPool::Thread* BlockingPool::wake() {
  if (on_its_way_ || idle_.empty()) {
    return nullptr;
  }
  Thread* const woken = idle_.back();
  idle_.pop_back();
  woken->is_woken = true;
  on_its_way_ = true;
  return woken;
}

void BlockingPool::run(Thread& self) {
  MutexLock lock(mutex_);
  for (;;) {
    if (jobs_.empty()) {
      if (stopping_) {
        return;
      }
      idle_.push_back(&self);
      self.woken_up.wait(lock, [&]() REQUIRES(mutex_) { return self.is_woken || stopping_; });
      if (self.is_woken) {
        self.is_woken = false;
        on_its_way_ = false;
      }
      continue;
    }
    std::unique_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    Thread* const helper = jobs_.empty() ? nullptr : wake();
    lock.unlock();
    if (helper != nullptr) {
      helper->woken_up.notify_one();
    }
    Job& begun = *job;
    begun.run(std::move(job));
    lock.lock();
  }
}

}  // namespace sluice::runtime
