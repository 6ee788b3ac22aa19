// SPDX-License-Identifier: MIT
#include "model/upload.h"

#include <array>
#include <cstddef>

#include "base/check.h"

namespace sluice::model {
namespace {

// Indexed by the enumerator's value.
constexpr std::array<const char*, 9> words{"receiving", "received", "delivering",
                                           "delivered", "refused",  "failed",
                                           "aborted",   "expired",  "set_aside"};
static_assert(words.size() == static_cast<std::size_t>(UploadState::set_aside) + 1);

}  // namespace

const char* to_text(UploadState state) noexcept {
  const auto index = static_cast<std::size_t>(state);
  SLUICE_CHECK(index < words.size());
  return words[index];
}

std::optional<UploadState> upload_state_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (text == words[i]) {
      return static_cast<UploadState>(i);
    }
  }
  return std::nullopt;
}

std::uint64_t size_bound(const UploadRecord& record) noexcept {
  return record.progress.file_size.value_or(record.file_size_max);
}

bool is_gone(UploadState state) noexcept {
  return state == UploadState::aborted || state == UploadState::expired;
}

bool is_settled(const UploadProgress& progress) noexcept {
  const UploadState state = progress.state;
  const bool is_over =
      is_gone(state) || state == UploadState::delivered || state == UploadState::refused;
  return is_over && !progress.blob_present;
}

void forget_details(UploadRecord& record) {
  record.parameters = "{}";
  record.origin = "{}";
  record.partials.clear();
  if (is_gone(record.progress.state)) {
    record.content_type.clear();
    record.file_name.clear();
    record.layout.reset();
    record.words.clear();
    record.progress.stored = {};
  }
}

}  // namespace sluice::model
