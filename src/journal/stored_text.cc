// SPDX-License-Identifier: MIT
#include "journal/stored_text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"

namespace sluice::journal {
namespace {

constexpr std::string_view mark = "parts:";
constexpr char end_of_bits = ';';
// One for four parts, the lowest bit for the first of them.
constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t parts_in_digit = 4;

void add_parts(ByteRange file, std::uint64_t part_size, std::vector<ByteRange>& parts) {
  for (std::uint64_t at = file.begin; at < file.end;) {
    const std::uint64_t size = std::min(part_size, file.end - at);
    parts.push_back({at, at + size});
    at += size;
  }
}

// The parts of all files in the order of their bytes; none when a layout has more than any session
// gets.
std::vector<ByteRange> parts_of(const model::Layout& layout) {
  std::vector<ByteRange> parts;
  if (layout.total_size() / layout.part_size > 2 * limits::part_count_max) {
    return parts;
  }
  add_parts({0, layout.main_size}, layout.part_size, parts);
  for (const model::ExtraFile& extra : layout.extra_files) {
    add_parts(extra.range, layout.part_size, parts);
  }
  return parts;
}

struct ByParts {
  std::vector<bool> whole;  // By part.
  RangeSet rest;            // Bytes of no whole part.
};

ByParts divide(const RangeSet& stored, const std::vector<ByteRange>& parts) {
  ByParts divided;
  divided.whole.resize(parts.size());
  std::size_t part = 0;
  for (const ByteRange& range : stored.ranges()) {
    std::uint64_t at = range.begin;
    while (at < range.end) {
      while (part < parts.size() && parts[part].end <= at) {
        ++part;
      }
      const bool behind = part == parts.size();
      const std::uint64_t end = behind ? range.end : std::min(range.end, parts[part].end);
      if (!behind && at == parts[part].begin && end == parts[part].end) {
        divided.whole[part] = true;
      } else {
        divided.rest.add({at, end});
      }
      at = end;
    }
  }
  return divided;
}

std::string to_digits(const std::vector<bool>& whole) {
  std::string text((whole.size() + parts_in_digit - 1) / parts_in_digit, '0');
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t digit = 0;
    for (std::size_t i = at * parts_in_digit; i < whole.size() && i < (at + 1) * parts_in_digit;
         ++i) {
      digit |= std::size_t{whole[i]} << (i % parts_in_digit);
    }
    text[at] = digits[digit];
  }
  return text;
}

// False when the digits are not those of so many parts.
bool add_whole(std::string_view text, const std::vector<ByteRange>& parts, RangeSet& stored) {
  if (text.size() != (parts.size() + parts_in_digit - 1) / parts_in_digit) {
    return false;
  }
  for (std::size_t part = 0; part < text.size() * parts_in_digit; ++part) {
    const std::size_t digit = digits.find(text[part / parts_in_digit]);
    if (digit == std::string_view::npos) {
      return false;
    }
    const bool is_whole = (digit >> (part % parts_in_digit) & 1U) != 0;
    if (is_whole && part >= parts.size()) {
      return false;
    }
    if (is_whole) {
      stored.add(parts[part]);
    }
  }
  return true;
}

}  // namespace

std::string stored_to_text(const RangeSet& stored, const model::Layout* layout) {
  if (layout == nullptr || stored.ranges().size() <= limits::broken_parts_kept_max) {
    return stored.to_text();
  }
  const std::vector<ByteRange> parts = parts_of(*layout);
  if (parts.empty()) {
    return stored.to_text();
  }
  const ByParts divided = divide(stored, parts);
  return std::string(mark) + to_digits(divided.whole) + end_of_bits + divided.rest.to_text();
}

std::optional<RangeSet> stored_from_text(std::string_view text, const model::Layout* layout) {
  if (!text.starts_with(mark)) {
    return RangeSet::from_text(text);
  }
  const std::size_t end = text.find(end_of_bits);
  if (layout == nullptr || end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view bits = text.substr(mark.size(), end - mark.size());
  const std::optional<RangeSet> rest = RangeSet::from_text(text.substr(end + 1));
  RangeSet stored;
  if (!rest || !add_whole(bits, parts_of(*layout), stored)) {
    return std::nullopt;
  }
  for (const ByteRange& range : rest->ranges()) {
    stored.add(range);
  }
  return stored;
}

std::size_t broken_part_count(const RangeSet& stored, const model::Layout& layout) {
  return divide(stored, parts_of(layout)).rest.ranges().size();
}

}  // namespace sluice::journal
