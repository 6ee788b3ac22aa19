// SPDX-License-Identifier: MIT
#include "runtime/event.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "runtime/timer.h"

namespace sluice::runtime {

// The timer belongs to the waiter's thread; set() only posts to it.
struct Event::Waiter {
  Waiter(const Executor& home, Duration timeout)
      : executor(home), timer(std::in_place, home, timeout) {}

  const Executor executor;
  std::optional<Timer> timer;
  std::atomic<bool> is_gone = false;  // Its coroutine has ended, perhaps with its event loop.
  bool notified = false;
};

Event::Event() = default;
Event::~Event() = default;

void Event::set() {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    const MutexLock lock(mutex_);
    set_ = true;
    waiters.swap(waiters_);
  }
  for (std::shared_ptr<Waiter>& waiter : waiters) {
    // Nothing of the waiter stays on this thread: its event loop may be gone before set() returns.
    if (waiter->is_gone) {
      continue;
    }
    const Executor executor = waiter->executor;
    boost::asio::post(executor, [waiter = std::move(waiter)] {
      waiter->notified = true;
      if (waiter->timer) {
        waiter->timer->cancel();
      }
    });
  }
}

bool Event::is_set() const {
  const MutexLock lock(mutex_);
  return set_;
}

Task<bool> Event::wait(Duration timeout) {
  // Also of a coroutine that is destroyed as it waits: the event keeps no timer of a loop that
  // ends.
  struct Ending {
    std::shared_ptr<Waiter> waiter;

    explicit Ending(std::shared_ptr<Waiter> w) : waiter(std::move(w)) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() {
      waiter->is_gone = true;
      waiter->timer.reset();
    }
  };
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor, timeout);
  {
    const MutexLock lock(mutex_);
    if (set_) {
      co_return true;
    }
    waiters_.push_back(waiter);
  }
  // A notification that runs between here and the wait is impossible: both are on this executor's
  // thread.
  const Ending ending(waiter);
  co_await waiter->timer->async_wait(boost::asio::as_tuple(boost::asio::deferred));
  const MutexLock lock(mutex_);
  std::erase(waiters_, waiter);
  co_return waiter->notified || set_;
}

}  // namespace sluice::runtime
