// SPDX-License-Identifier: MIT
#include "outgoing/body.h"

#include <algorithm>
#include <utility>

namespace sluice::outgoing {

Result<std::size_t> TextBody::read_at(std::uint64_t offset, MutableBytes buffer) const {
  if (offset >= text_.size()) {
    return 0;
  }
  const Bytes rest = as_bytes(text_).subspan(static_cast<std::size_t>(offset));
  const std::size_t count = std::min(rest.size(), buffer.size());
  std::ranges::copy(rest.first(count), buffer.begin());
  return count;
}

Result<std::size_t> FileBody::read_at(std::uint64_t offset, MutableBytes buffer) const {
  if (offset >= size_) {
    return 0;
  }
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - offset));
  Result<std::size_t> count = file_->read_at(begin_ + offset, buffer.first(wanted));
  if (count && *count < wanted) {
    return fail(Errc::storage_failed, "expected a file of " + std::to_string(begin_ + size_) +
                                          " bytes, it ends at byte " +
                                          std::to_string(begin_ + offset + *count));
  }
  return count;
}

JoinedBody::JoinedBody(std::vector<std::shared_ptr<const Body>> parts) : parts_(std::move(parts)) {
  for (const std::shared_ptr<const Body>& part : parts_) {
    size_ += part->size();
  }
}

Result<std::size_t> JoinedBody::read_at(std::uint64_t offset, MutableBytes buffer) const {
  for (const std::shared_ptr<const Body>& part : parts_) {
    if (offset < part->size()) {
      return part->read_at(offset, buffer);
    }
    offset -= part->size();
  }
  return 0;
}

}  // namespace sluice::outgoing
