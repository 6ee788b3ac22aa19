// SPDX-License-Identifier: MIT
#include "upload/upload.h"

#include <algorithm>

namespace sluice::upload {

ByteRange wanted_range(const Piece& piece, std::uint64_t file_size) noexcept {
  if (const auto* const range = std::get_if<Range>(&piece)) {
    return {range->begin, std::min(range->end.value_or(file_size), file_size)};
  }
  if (const auto* const part = std::get_if<Part>(&piece)) {
    return {part->range.begin, std::min(part->range.end, file_size)};
  }
  if (const auto* const continues = std::get_if<ContinuesAt>(&piece)) {
    return {continues->offset, file_size};
  }
  if (const auto* const last = std::get_if<UpToEnd>(&piece)) {
    return {last->offset, file_size};
  }
  return {0, file_size};
}

bool is_exact(const Piece& piece) noexcept {
  return std::holds_alternative<WholeFile>(piece) || std::holds_alternative<Part>(piece);
}

}  // namespace sluice::upload
