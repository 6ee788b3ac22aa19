// SPDX-License-Identifier: MIT
#include "runtime/worker.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::runtime {
namespace {

// calls_: the low bits say what the last call is doing, the others which one it is.
constexpr std::uint64_t state_mask = 3;
constexpr std::uint64_t ended = 0;
constexpr std::uint64_t under_way = 1;
constexpr std::uint64_t lost_loop = 2;  // Its thread has not come back from it.
constexpr std::uint64_t one_call = state_mask + 1;

constexpr std::uint64_t with_state(std::uint64_t calls, std::uint64_t state) {
  return (calls & ~state_mask) | state;
}

thread_local Worker* running = nullptr;

}  // namespace

Worker* Worker::current() noexcept {
  return running;
}

Worker::Worker(std::string name, Log& log) : work_(context_.get_executor()) {
  start(context_.get_executor(), log, "deadlines", deadlines_.run());
  for (std::thread& thread : threads_) {
    const bool is_first = &thread == threads_.data();
    thread = std::thread([this, name, is_first] {
      pthread_setname_np(pthread_self(), name.c_str());
      for (bool runs = is_first || watch(); runs; runs = watch()) {
        run_loop();
      }
    });
  }
}

Worker::~Worker() {
  stop();
}

void Worker::stop() {
  context_.stop();
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  woken_up_.notify_all();  // The other thread may have come to watch, too.
  for (std::thread& thread : threads_) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

void Worker::run_loop() {
  running = this;
  while (running == this && context_.run_one() > 0) {
  }
  if (running == this) {
    running = nullptr;
    return;
  }
  // Handlers that the last one left to this thread have come to the loop's queue without waking it.
  boost::asio::post(context_, [] {});
  calls_.store(with_state(calls_.load(), ended));
}

bool Worker::begin_call() noexcept {
  SLUICE_CHECK(running == this);
  const std::uint64_t calls = calls_.load();
  if ((calls & state_mask) == lost_loop) {
    return false;
  }
  calls_.store(with_state(calls + one_call, under_way));
  if (dozing_.load()) {
    wake_watcher();
  }
  return true;
}

bool Worker::end_call() noexcept {
  std::uint64_t calls = with_state(calls_.load(), under_way);
  if (calls_.compare_exchange_strong(calls, with_state(calls, ended))) {
    return true;
  }
  running = nullptr;
  return false;
}

void Worker::wake_watcher() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    is_woken_ = true;
  }
  woken_up_.notify_one();
}

bool Worker::watch() {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = calls_.load();
  Duration without_calls{0};
  while (!stopping_) {
    if (without_calls >= limits::loop_watch_time) {
      is_woken_ = false;
      dozing_.store(true);
      // Whoever begins a call after this look sees that the watcher dozes.
      if (calls_.load() == seen) {
        woken_up_.wait(lock, [&] { return is_woken_ || stopping_; });
      }
      dozing_.store(false);
      without_calls = Duration(0);
    }
    woken_up_.wait_for(lock, limits::loop_watch_interval, [&] { return stopping_; });
    const std::uint64_t calls = calls_.load();
    if (calls != seen) {
      seen = calls;
      without_calls = Duration(0);
      continue;
    }
    if ((calls & state_mask) == under_way &&
        calls_.compare_exchange_strong(seen, with_state(calls, lost_loop))) {
      return true;
    }
    without_calls += limits::loop_watch_interval;
  }
  return false;
}

}  // namespace sluice::runtime
