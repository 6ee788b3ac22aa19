// SPDX-License-Identifier: MIT
#include "upload/upload_state.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace sluice::upload {
namespace {

using model::UploadProgress;
using model::UploadState;

void remove(RangeSet& from, const RangeSet& ranges) {
  for (const ByteRange& range : ranges.ranges()) {
    from.remove(range);
  }
}

struct Apply {
  UploadProgress progress;

  Transition nothing() { return {std::move(progress), false, false, false}; }
  Transition changes() { return {std::move(progress), true, false, false}; }

  RangeSet not_compared(const BytesStored& event) const {
    if (!event.compared) {
      return {};
    }
    RangeSet unknown = common(event.ranges, progress.stored);
    remove(unknown, *event.compared);
    return unknown;
  }
  Transition operator()(const BytesStored& event) {
    if (progress.state != UploadState::receiving) {
      return nothing();
    }
    if (RangeSet unknown = not_compared(event); !unknown.empty()) {
      Transition refused = nothing();
      refused.compare_first = std::move(unknown);
      return refused;
    }
    const bool may_be_refused = event.is_deferred || !progress.unsynced.empty();
    const auto before = may_be_refused ? std::optional(progress) : std::nullopt;
    if (event.file_size && !progress.file_size && end_of(progress.stored) <= *event.file_size) {
      progress.file_size = event.file_size;
    }
    for (const ByteRange& range : event.ranges.ranges()) {
      // Of two requests that wrote the same bytes side by side, the later one takes no durable
      // byte back: a power cut leaves the old copy of a sector or the new one.
      if (event.is_deferred) {
        for (const ByteRange& added : progress.stored.missing(range)) {
          progress.unsynced.add(added);
        }
      }
      progress.stored.add(range);
    }
    remove(progress.unsynced, event.synced);
    if (progress.file_size) {
      const ByteRange beyond{*progress.file_size, std::numeric_limits<std::uint64_t>::max()};
      progress.stored.remove(beyond);
      progress.unsynced.remove(beyond);
    }
    progress.expires_at = event.expires_at;
    const bool finishes = event.may_finish && is_complete(progress);
    if (finishes && !progress.unsynced.empty()) {
      return {*before, false, false, false, true};
    }
    if (finishes) {
      progress.state = UploadState::received;
      progress.handoff_since = event.now;
    }
    return {std::move(progress), true, finishes, false};
  }

  Transition operator()(const BytesSynced& event) {
    const std::uint64_t before = progress.unsynced.total();
    remove(progress.unsynced, event.ranges);
    return progress.unsynced.total() == before ? nothing() : changes();
  }

  Transition operator()(const BytesLost& /*event*/) {
    if (progress.unsynced.empty()) {
      return nothing();
    }
    remove(progress.stored, progress.unsynced);
    progress.unsynced = {};
    return changes();
  }

  Transition operator()(const AttemptBegan& /*event*/) {
    if (progress.state == UploadState::received) {
      progress.state = UploadState::delivering;
    }
    return nothing();
  }

  Transition operator()(const AttemptFailed& event) {
    if (!is_being_handed_over(progress.state)) {
      return nothing();
    }
    progress.state = UploadState::delivering;
    progress.attempts = event.attempts;
    progress.next_attempt_at = event.next_attempt_at;
    progress.failure = event.reason;
    return {std::move(progress), true, false, false};
  }

  Transition operator()(const GaveUp& event) {
    if (!is_being_handed_over(progress.state)) {
      return nothing();
    }
    progress.state = UploadState::failed;
    progress.attempts = event.attempts;
    progress.failure = event.reason;
    progress.next_attempt_at = event.now;
    progress.expires_at = event.forget_at;
    return {std::move(progress), true, false, false};
  }

  Transition operator()(const Cleared& /*event*/) {
    if (!is_being_handed_over(progress.state) || progress.is_cleared) {
      return nothing();
    }
    progress.is_cleared = true;
    return changes();
  }

  Transition operator()(const SetAside& event) {
    if (!is_being_handed_over(progress.state)) {
      return nothing();
    }
    progress.state = UploadState::set_aside;
    progress.failure = event.reason;
    progress.next_attempt_at = event.now;
    progress.expires_at = event.forget_at;
    return changes();
  }

  Transition operator()(const Released& event) {
    if (progress.state != UploadState::set_aside) {
      return nothing();
    }
    progress.is_cleared = true;
    return begin_round(event.now);
  }

  Transition operator()(const Refused& event) {
    if (progress.state != UploadState::set_aside) {
      return nothing();
    }
    return (*this)(Answered{event.answer, false, event.now, event.forget_at});
  }

  Transition operator()(const PutBack& event) {
    return can_be_put_back(progress) ? begin_round(event.now) : nothing();
  }
  Transition begin_round(Timestamp now) {
    progress.state = UploadState::received;
    progress.attempts = 0;
    progress.next_attempt_at = {};
    progress.failure.clear();
    progress.answer.reset();
    // Each round of attempts can be told from the one before.
    progress.handoff_since = std::max(now, progress.handoff_since + Duration(1));
    return {std::move(progress), true, true, false};
  }

  // An answer wins, whatever has been given up. Of a refused upload the file stays.
  Transition operator()(const Answered& event) {
    if (!awaits_answer(progress.state) && progress.state != UploadState::failed) {
      return nothing();
    }
    progress.state = event.answer.status >= 400 ? UploadState::refused : UploadState::delivered;
    progress.answer = event.answer;
    progress.failure.clear();
    progress.blob_present = !event.blob_taken;
    progress.next_attempt_at = event.now;
    progress.expires_at = event.forget_at;
    const bool left = progress.blob_present && progress.state == UploadState::delivered;
    return {std::move(progress), true, false, left};
  }

  Transition end(UploadState state, Timestamp forget_at) {
    progress.state = state;
    progress.unsynced = {};
    progress.answer.reset();
    progress.expires_at = forget_at;
    const bool left = progress.blob_present;
    return {std::move(progress), true, false, left};
  }
  Transition operator()(const Aborted& event) {
    if (progress.state != UploadState::receiving) {
      return nothing();
    }
    progress.failure = event.reason;
    return end(UploadState::aborted, event.forget_at);
  }
  Transition operator()(const Expired& event) {
    const bool is_over = can_expire(progress.state) && progress.expires_at <= event.now;
    return is_over ? end(UploadState::expired, event.now) : nothing();
  }

  Transition operator()(const BlobRemoved& /*event*/) {
    if (!progress.blob_present ||
        !(progress.state == UploadState::delivered || is_gone(progress.state))) {
      return nothing();
    }
    progress.blob_present = false;
    return {std::move(progress), true, false, false};
  }
};

}  // namespace

Transition apply_to(UploadProgress progress, const Event& event) {
  return std::visit(Apply{std::move(progress)}, event);
}

bool may_be_lost(const Event& event) noexcept {
  const auto* const stored = std::get_if<BytesStored>(&event);
  return std::holds_alternative<BytesSynced>(event) || (stored != nullptr && stored->is_deferred);
}

bool is_complete(const UploadProgress& progress) noexcept {
  return progress.file_size == progress.stored.prefix();
}

std::uint64_t end_of(const RangeSet& ranges) noexcept {
  return ranges.empty() ? 0 : ranges.ranges().back().end;
}

bool is_finished(UploadState state) noexcept {
  return state == UploadState::delivered || state == UploadState::refused;
}

bool is_being_handed_over(UploadState state) noexcept {
  return state == UploadState::received || state == UploadState::delivering;
}

bool awaits_answer(UploadState state) noexcept {
  return is_being_handed_over(state) || state == UploadState::set_aside;
}

bool is_decided(UploadState state) noexcept {
  return is_finished(state) || state == UploadState::failed;
}

bool can_be_put_back(const UploadProgress& progress) noexcept {
  return progress.blob_present &&
         (progress.state == UploadState::refused || progress.state == UploadState::failed ||
          progress.state == UploadState::set_aside);
}

bool can_expire(UploadState state) noexcept {
  return state == UploadState::receiving || state == UploadState::refused ||
         state == UploadState::failed || state == UploadState::set_aside;
}

std::uint64_t acknowledged(const UploadProgress& progress) noexcept {
  const std::uint64_t prefix = progress.stored.prefix();
  const bool withheld = is_complete(progress) && prefix > 0 && !is_finished(progress.state);
  return withheld ? prefix - 1 : prefix;
}

}  // namespace sluice::upload
