// SPDX-License-Identifier: MIT
#include "journal/claims.h"

namespace sluice::journal {

std::vector<std::uint64_t> Claims::claim(Work work, const std::vector<std::uint64_t>& ids,
                                         const Lease& lease, Timestamp now) {
  std::vector<std::uint64_t> held;
  const MutexLock lock(mutex_);
  for (const std::uint64_t id : ids) {
    const auto [holder, is_new] = holders_.try_emplace({work, id});
    if (is_new || holder->second.node == lease.node || holder->second.until <= now) {
      holder->second = {lease.node, now + lease.duration};
      held.push_back(id);
    }
  }
  return held;
}

void Claims::release(Work work, const std::vector<std::uint64_t>& ids, const std::string& node) {
  const MutexLock lock(mutex_);
  for (const std::uint64_t id : ids) {
    const auto holder = holders_.find({work, id});
    if (holder != holders_.end() && holder->second.node == node) {
      holders_.erase(holder);
    }
  }
}

}  // namespace sluice::journal
