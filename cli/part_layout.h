// SPDX-License-Identifier: MIT
// The parts of a multi-chunk session, as the answer that opened it has them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace sluice::cli {

// Parts of one file that are kept account of: far more than any server asks for.
inline constexpr std::uint64_t parts_max = 1'000'000;

struct PartLayout {
  std::uint64_t file_size = 0;
  std::uint64_t part_size = 0;    // Of all parts but the last, which may be shorter. Not 0.
  std::uint64_t connections = 1;  // At most so many, says the server.

  // A file without bytes has a part without bytes.
  constexpr std::uint64_t count() const noexcept {
    return file_size == 0 ? 1 : (file_size - 1) / part_size + 1;
  }
  constexpr ByteRange range(std::uint64_t index) const noexcept {
    const std::uint64_t begin = index * part_size;
    return {begin, begin + std::min(part_size, file_size - begin)};
  }

  friend bool operator==(const PartLayout&, const PartLayout&) = default;
};

// Of the answer that opened a session: nullopt when it is none of parts. The error is a sentence.
std::expected<std::optional<PartLayout>, std::string> layout_in(const std::string& body,
                                                                std::uint64_t file_size);

}  // namespace sluice::cli
