// SPDX-License-Identifier: MIT
// Views of bytes and half-open ranges of a file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Bytes [begin, end) of a file. HTTP's ranges are inclusive; they are turned into these where they
// are parsed.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const noexcept { return end - begin; }
  bool empty() const noexcept { return end <= begin; }
  bool overlaps(ByteRange other) const noexcept {
    return std::max(begin, other.begin) < std::min(end, other.end);
  }
  friend bool operator==(ByteRange, ByteRange) = default;
};

}  // namespace sluice
