// SPDX-License-Identifier: MIT
// The claims on a journal that one process holds in its memory. The end of the process ends them
// all: the one after it waits for none.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "journal/journal.h"

namespace sluice::journal {

// Any thread.
class Claims {
 public:
  // As Journal::claim() and Journal::release().
  std::vector<std::uint64_t> claim(Work work, const std::vector<std::uint64_t>& ids,
                                   const Lease& lease, Timestamp now);
  void release(Work work, const std::vector<std::uint64_t>& ids, const std::string& node);

 private:
  struct Holder {
    std::string node;
    Timestamp until;
  };

  Mutex mutex_;
  std::map<std::pair<Work, std::uint64_t>, Holder> holders_ GUARDED_BY(mutex_);
};

}  // namespace sluice::journal
