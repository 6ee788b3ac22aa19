// SPDX-License-Identifier: MIT
// The objects that are being written, by upload: what removes those of an upload waits for them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace sluice::store::objects {

// Of a named file.
inline constexpr std::uint64_t of_no_upload = 0;

// Any thread. Outlives what is under way.
class UnderWay {
 public:
  // One object, from here to its end.
  class Mark {
   public:
    Mark(UnderWay& under_way, std::uint64_t upload_id);
    ~Mark();
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    UnderWay& under_way_;
    const std::uint64_t upload_id_;
  };

  // Until none of the upload's is under way.
  runtime::Task<> wait_for(std::uint64_t upload_id);
  // Until none is under way at all; false: after `timeout` one is.
  runtime::Task<bool> wait_for_all(Duration timeout);

 private:
  struct Count {
    std::size_t objects = 0;
    std::shared_ptr<runtime::Event> none = std::make_shared<runtime::Event>();
  };

  Mutex mutex_;
  std::map<std::uint64_t, Count> counts_ GUARDED_BY(mutex_);
};

}  // namespace sluice::store::objects
