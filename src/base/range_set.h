// SPDX-License-Identifier: MIT
// Which bytes of a file are stored: a set of ranges, kept sorted, disjoint and not touching.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sluice {

class RangeSet {
 public:
  RangeSet() = default;

  void add(ByteRange range);
  void remove(ByteRange range);

  bool contains(ByteRange range) const noexcept;
  // Every byte of `range` that is not in the set, in order.
  std::vector<ByteRange> missing(ByteRange range) const;
  // The number of bytes stored from offset 0 on without a hole.
  std::uint64_t prefix() const noexcept;
  // The number of bytes in the set.
  std::uint64_t total() const noexcept;
  bool empty() const noexcept { return ranges_.empty(); }
  const std::vector<ByteRange>& ranges() const noexcept { return ranges_; }

  // "0-100,200-300", half-open: the journal's form (docs/format.md).
  std::string to_text() const;
  static std::optional<RangeSet> from_text(std::string_view text);

  friend bool operator==(const RangeSet&, const RangeSet&) = default;

 private:
  std::vector<ByteRange> ranges_;
};

// The bytes that both have.
RangeSet common(const RangeSet& some, const RangeSet& others);

}  // namespace sluice
