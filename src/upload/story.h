// SPDX-License-Identifier: MIT
// What has happened to one upload since it came into memory: the last events of it, for operators.
// A restart forgets them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "upload/upload_state.h"

namespace sluice::upload {

struct StoryEvent {
  // begins: a request brings bytes, the first one or the first after one that broke off. bytes: it
  // ended as it promised. broke_off: it did not. complete, cleared, attempt_failed, given_up,
  // set_aside, released, refused, put_back, answered, aborted, expired: as in upload_state.h, where
  // refused is the operator's word and the backend's is answered.
  const char* what = "";
  Timestamp at = {};     // When it happened, or began.
  Timestamp until = {};  // When the last one of a row of equal events ended.
  std::uint64_t count = 1;
  std::uint64_t bytes = 0;
  std::string words = {};
};

// Of a change that the journal has taken; `what` is empty for one of bytes alone.
StoryEvent story_of(const Event& event);

// Not more than limits::story_events_max: the oldest goes for a new one. One of the same kind and
// words as the last is counted there. One thread at a time.
class Story {
 public:
  void add(StoryEvent event);

  const std::vector<StoryEvent>& events() const noexcept { return events_; }
  std::uint64_t bytes_in_memory() const noexcept { return bytes_in_memory_; }
  // The last request that brought bytes broke off, or there was none.
  bool awaits_beginning() const noexcept;

 private:
  std::vector<StoryEvent> events_;
  std::uint64_t bytes_in_memory_ = 0;
};

}  // namespace sluice::upload
