// SPDX-License-Identifier: MIT
// Requests that wait for others of the same upload: for the one that opens it, and for those that
// bring its other chunks.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.h"
#include "base/mutex.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace sluice::protocol::formchunks {

// Of one process: requests that come to another one are not waited for. Any worker.
class Arrivals {
 public:
  // The right to open the upload with that token, which one request has at a time.
  class Opening {
   public:
    Opening(Arrivals& arrivals, std::string token);
    ~Opening();  // Tells the others.
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;

    bool is_granted() const noexcept { return granted_; }

   private:
    Arrivals& arrivals_;
    const std::string token_;
    const bool granted_;
  };

  // A wait for the next tell(). It begins before its request looks at the state of the upload, so
  // that no change is missed.
  class Waiting {
   public:
    // `token` outlives this.
    Waiting(Arrivals& arrivals, const std::string& token);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    // False when `timeout` has passed first.
    runtime::Task<bool> wait(Duration timeout) { return event_->wait(timeout); }

   private:
    Arrivals& arrivals_;
    const std::string& token_;
    const std::shared_ptr<runtime::Event> event_;
  };

  // Something of the upload may have changed.
  void tell(const std::string& token);

 private:
  struct Awaited {
    std::shared_ptr<runtime::Event> event;
    std::size_t waiting = 0;
  };

  std::shared_ptr<runtime::Event> join(const std::string& token);
  void leave(const std::string& token, const std::shared_ptr<runtime::Event>& event);

  Mutex mutex_;
  std::unordered_map<std::string, Awaited> awaited_ GUARDED_BY(mutex_);
  std::unordered_set<std::string> opening_ GUARDED_BY(mutex_);
};

}  // namespace sluice::protocol::formchunks
