// SPDX-License-Identifier: MIT
#include "protocol/formchunks/arrivals.h"

#include <utility>

namespace sluice::protocol::formchunks {

Arrivals::Opening::Opening(Arrivals& arrivals, std::string token)
    : arrivals_(arrivals), token_(std::move(token)), granted_([this] {
        const MutexLock lock(arrivals_.mutex_);
        return arrivals_.opening_.insert(token_).second;
      }()) {}

Arrivals::Opening::~Opening() {
  if (!granted_) {
    return;
  }
  {
    const MutexLock lock(arrivals_.mutex_);
    arrivals_.opening_.erase(token_);
  }
  arrivals_.tell(token_);
}

Arrivals::Waiting::Waiting(Arrivals& arrivals, const std::string& token)
    : arrivals_(arrivals), token_(token), event_(arrivals.join(token)) {}

Arrivals::Waiting::~Waiting() {
  arrivals_.leave(token_, event_);
}

std::shared_ptr<runtime::Event> Arrivals::join(const std::string& token) {
  const MutexLock lock(mutex_);
  Awaited& awaited = awaited_[token];
  if (!awaited.event) {
    awaited.event = std::make_shared<runtime::Event>();
  }
  ++awaited.waiting;
  return awaited.event;
}

void Arrivals::leave(const std::string& token, const std::shared_ptr<runtime::Event>& event) {
  const MutexLock lock(mutex_);
  const auto found = awaited_.find(token);
  if (found != awaited_.end() && found->second.event == event && --found->second.waiting == 0) {
    awaited_.erase(found);
  }
}

void Arrivals::tell(const std::string& token) {
  std::shared_ptr<runtime::Event> event;
  {
    const MutexLock lock(mutex_);
    const auto found = awaited_.find(token);
    if (found == awaited_.end()) {
      return;
    }
    event = std::move(found->second.event);
    awaited_.erase(found);
  }
  event->set();
}

}  // namespace sluice::protocol::formchunks
