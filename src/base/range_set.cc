// SPDX-License-Identifier: MIT
#include "base/range_set.h"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

// Takes a decimal number from the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take_character(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

void RangeSet::add(ByteRange range) {
  if (range.empty()) {
    return;
  }
  const auto first = std::ranges::lower_bound(ranges_, range.begin, {}, &ByteRange::end);
  auto last = first;
  while (last != ranges_.end() && last->begin <= range.end) {
    range.begin = std::min(range.begin, last->begin);
    range.end = std::max(range.end, last->end);
    ++last;
  }
  ranges_.insert(ranges_.erase(first, last), range);
}

void RangeSet::remove(ByteRange range) {
  if (range.empty()) {
    return;
  }
  std::vector<ByteRange> left;
  left.reserve(ranges_.size() + 1);
  for (const ByteRange& stored : ranges_) {
    const ByteRange before{stored.begin, std::min(stored.end, range.begin)};
    const ByteRange after{std::max(stored.begin, range.end), stored.end};
    if (!before.empty()) {
      left.push_back(before);
    }
    if (!after.empty()) {
      left.push_back(after);
    }
  }
  ranges_ = std::move(left);
}

bool RangeSet::contains(ByteRange range) const noexcept {
  if (range.empty()) {
    return true;
  }
  const auto found = std::ranges::upper_bound(ranges_, range.begin, {}, &ByteRange::end);
  return found != ranges_.end() && found->begin <= range.begin && range.end <= found->end;
}

std::vector<ByteRange> RangeSet::missing(ByteRange range) const {
  std::vector<ByteRange> holes;
  std::uint64_t from = range.begin;
  for (const ByteRange& stored : ranges_) {
    if (stored.end <= from) {
      continue;
    }
    if (stored.begin >= range.end) {
      break;
    }
    if (stored.begin > from) {
      holes.push_back({from, stored.begin});
    }
    from = stored.end;
  }
  if (from < range.end) {
    holes.push_back({from, range.end});
  }
  return holes;
}

std::uint64_t RangeSet::prefix() const noexcept {
  return ranges_.empty() || ranges_.front().begin != 0 ? 0 : ranges_.front().end;
}

std::uint64_t RangeSet::total() const noexcept {
  std::uint64_t sum = 0;
  for (const ByteRange& range : ranges_) {
    sum += range.size();
  }
  return sum;
}

RangeSet common(const RangeSet& some, const RangeSet& others) {
  RangeSet both;
  for (const ByteRange& range : some.ranges()) {
    for (const ByteRange& other : others.ranges()) {
      both.add({std::max(range.begin, other.begin), std::min(range.end, other.end)});
    }
  }
  return both;
}

std::string RangeSet::to_text() const {
  std::string text;
  for (const ByteRange& range : ranges_) {
    if (!text.empty()) {
      text += ',';
    }
    text += std::to_string(range.begin) + '-' + std::to_string(range.end);
  }
  return text;
}

std::optional<RangeSet> RangeSet::from_text(std::string_view text) {
  RangeSet set;
  while (!text.empty()) {
    if (!set.empty() && !take_character(text, ',')) {
      return std::nullopt;
    }
    const auto begin = take_number(text);
    if (!begin || !take_character(text, '-')) {
      return std::nullopt;
    }
    const auto end = take_number(text);
    const std::uint64_t least = set.empty() ? 0 : set.ranges_.back().end + 1;
    if (!end || *end <= *begin || *begin < least) {
      return std::nullopt;
    }
    set.ranges_.push_back({*begin, *end});
  }
  return set;
}

}  // namespace sluice
