// SPDX-License-Identifier: MIT
#include "upload/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "base/limits.h"

namespace sluice::upload {
namespace {

struct Tell {
  StoryEvent operator()(const BytesStored& /*event*/) const { return {}; }
  StoryEvent operator()(const BytesSynced& /*event*/) const { return {}; }
  StoryEvent operator()(const BytesLost& /*event*/) const { return {}; }
  StoryEvent operator()(const AttemptBegan& /*event*/) const { return {}; }
  StoryEvent operator()(const AttemptFailed& event) const {
    return {.what = "attempt_failed", .words = event.reason};
  }
  StoryEvent operator()(const GaveUp& event) const {
    return {.what = "given_up", .words = event.reason};
  }
  StoryEvent operator()(const Cleared& /*event*/) const { return {.what = "cleared"}; }
  StoryEvent operator()(const SetAside& event) const {
    return {.what = "set_aside", .words = event.reason};
  }
  StoryEvent operator()(const Released& /*event*/) const { return {.what = "released"}; }
  StoryEvent operator()(const Refused& /*event*/) const { return {.what = "refused"}; }
  StoryEvent operator()(const PutBack& /*event*/) const { return {.what = "put_back"}; }
  StoryEvent operator()(const Answered& event) const {
    return {.what = "answered", .words = fmt::format("status {}", event.answer.status)};
  }
  StoryEvent operator()(const Aborted& event) const {
    return {.what = "aborted", .words = event.reason};
  }
  StoryEvent operator()(const Expired& /*event*/) const { return {.what = "expired"}; }
  StoryEvent operator()(const BlobRemoved& /*event*/) const { return {}; }
};

std::uint64_t size_of(const StoryEvent& event) {
  return sizeof(event) + event.words.size();
}

}  // namespace

StoryEvent story_of(const Event& event) {
  return std::visit(Tell(), event);
}

void Story::add(StoryEvent event) {
  event.words.resize(std::min(event.words.size(), limits::story_words_bytes_max));
  if (!events_.empty()) {
    StoryEvent& last = events_.back();
    if (std::string_view(last.what) == event.what && last.words == event.words) {
      last.until = event.until;
      last.count += event.count;
      last.bytes += event.bytes;
      return;
    }
  }
  if (events_.size() == limits::story_events_max) {
    bytes_in_memory_ -= size_of(events_.front());
    events_.erase(events_.begin());
  }
  bytes_in_memory_ += size_of(event);
  events_.push_back(std::move(event));
}

bool Story::awaits_beginning() const noexcept {
  return events_.empty() || std::string_view(events_.back().what) == "broke_off";
}

}  // namespace sluice::upload
