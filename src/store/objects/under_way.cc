// SPDX-License-Identifier: MIT
#include "store/objects/under_way.h"

#include <algorithm>
#include <chrono>

#include "base/limits.h"

namespace sluice::store::objects {

using runtime::Task;

UnderWay::Mark::Mark(UnderWay& under_way, std::uint64_t upload_id)
    : under_way_(under_way), upload_id_(upload_id) {
  const MutexLock lock(under_way_.mutex_);
  ++under_way_.counts_[upload_id].objects;
}

UnderWay::Mark::~Mark() {
  std::shared_ptr<runtime::Event> none;
  {
    const MutexLock lock(under_way_.mutex_);
    const auto found = under_way_.counts_.find(upload_id_);
    if (--found->second.objects > 0) {
      return;
    }
    none = found->second.none;
    under_way_.counts_.erase(found);
  }
  none->set();
}

Task<> UnderWay::wait_for(std::uint64_t upload_id) {
  std::shared_ptr<runtime::Event> none;
  {
    const MutexLock lock(mutex_);
    const auto found = counts_.find(upload_id);
    if (found == counts_.end()) {
      co_return;
    }
    none = found->second.none;
  }
  while (!co_await none->wait(limits::extent_wait_max)) {
  }
}

Task<bool> UnderWay::wait_for_all(Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    std::shared_ptr<runtime::Event> none;
    {
      const MutexLock lock(mutex_);
      if (counts_.empty()) {
        co_return true;
      }
      none = counts_.begin()->second.none;
    }
    const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
    const bool ended = co_await none->wait(std::max(left, Duration::zero()));
    if (!ended) {
      co_return false;
    }
  }
}

}  // namespace sluice::store::objects
