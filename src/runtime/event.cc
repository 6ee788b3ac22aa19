// SPDX-License-Identifier: MIT
#include "runtime/event.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "runtime/timer.h"

namespace sluice::runtime {

// The timer belongs to the waiter's thread; set() only posts to it.
struct Event::Waiter {
  Waiter(const Executor& executor, Duration timeout) : timer(executor, timeout) {}

  Timer timer;
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
    const Executor executor = waiter->timer.get_executor();
    boost::asio::post(executor, [waiter = std::move(waiter)] {
      waiter->notified = true;
      waiter->timer.cancel();
    });
  }
}

bool Event::is_set() const {
  const MutexLock lock(mutex_);
  return set_;
}

Task<bool> Event::wait(Duration timeout) {
  // Also of a coroutine that is destroyed as it waits: no timer outlives its event loop here.
  struct Registration {
    Event& event;
    const std::shared_ptr<Waiter>& waiter;

    Registration(Event& e, const std::shared_ptr<Waiter>& w) : event(e), waiter(w) {}
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() {
      const MutexLock lock(event.mutex_);
      std::erase(event.waiters_, waiter);
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
  const Registration registered(*this, waiter);
  // A notification that runs between here and the wait is impossible: both are on this executor's
  // thread.
  co_await waiter->timer.async_wait(boost::asio::as_tuple(boost::asio::deferred));
  const MutexLock lock(mutex_);
  co_return waiter->notified || set_;
}

}  // namespace sluice::runtime
