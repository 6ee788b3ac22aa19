// SPDX-License-Identifier: MIT
#include "journal/upload_row.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "journal/answer_headers.h"
#include "journal/layout_text.h"
#include "journal/stored_text.h"

namespace sluice::journal {
namespace {

// Takes columns one after the other and remembers the first that holds nothing of ours.
class Columns {
 public:
  explicit Columns(Fields& row) : row_(row) {}

  const char* damaged() const noexcept { return damaged_; }
  bool expect(bool holds, const char* column) {
    if (!holds && damaged_ == nullptr) {
      damaged_ = column;
    }
    return holds;
  }

  std::string bytes() { return row_.take_bytes(); }
  bool is_null() const { return row_.next_is_null(); }
  std::int64_t integer(const char* column, std::int64_t least, std::int64_t most) {
    const std::int64_t value = row_.take_integer();
    return expect(value >= least && value <= most, column) ? value : least;
  }
  std::uint64_t count(const char* column) {
    return static_cast<std::uint64_t>(integer(column, 0, std::numeric_limits<std::int64_t>::max()));
  }
  // In the ten thousand years around 1970: one can add to it.
  Timestamp time(const char* column) {
    constexpr std::int64_t most = std::chrono::milliseconds(std::chrono::years(5000)).count();
    return Timestamp(std::chrono::milliseconds(integer(column, -most, most)));
  }
  RangeSet ranges(const char* column, const std::optional<model::Layout>& layout) {
    std::optional<RangeSet> ranges = stored_from_text(bytes(), layout ? &*layout : nullptr);
    return expect(ranges.has_value(), column) ? *std::move(ranges) : RangeSet();
  }

 private:
  Fields& row_;
  const char* damaged_ = nullptr;
};

void take_ranges(Columns& columns, const std::optional<model::Layout>& layout,
                 model::UploadProgress& progress) {
  progress.stored = columns.ranges("stored", layout);
  progress.unsynced = columns.ranges("unsynced", layout);
  for (const ByteRange& range : progress.unsynced.ranges()) {
    columns.expect(progress.stored.contains(range), "unsynced");
  }
}

void take_progress(Columns& columns, const std::optional<model::Layout>& layout,
                   model::UploadProgress& progress) {
  progress.version = columns.count("version");
  const std::optional<model::UploadState> state = model::upload_state_from_text(columns.bytes());
  columns.expect(state.has_value(), "state");
  progress.state = state.value_or(model::UploadState::receiving);
  take_ranges(columns, layout, progress);
  progress.expires_at = columns.time("expires_at");
  progress.blob_present = columns.count("blob_present") != 0;
  progress.attempts =
      static_cast<unsigned>(columns.integer("attempts", 0, std::numeric_limits<unsigned>::max()));
  progress.next_attempt_at = columns.time("next_attempt_at");
  progress.handoff_since = columns.time("handoff_since");
  progress.failure = columns.bytes();
  progress.is_cleared = columns.integer("cleared", 0, 1) == 1;
  if (columns.is_null()) {
    return;
  }
  model::Answer answer;
  answer.status = static_cast<int>(columns.integer("answer_status", 100, 999));
  auto headers = answer_headers_from_text(columns.bytes());
  if (columns.expect(headers.has_value(), "answer_headers")) {
    answer.headers = *std::move(headers);
  }
  std::string body = columns.bytes();
  answer.spilled_bytes = columns.count("answer_spilled");
  (answer.spilled_bytes > 0 ? answer.spilled_as : answer.body) = std::move(body);
  progress.answer = std::move(answer);
}

std::vector<std::string> partials_from_text(std::string_view text) {
  std::vector<std::string> partials;
  while (!text.empty()) {
    partials.emplace_back(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(partials.back().size() + 1, text.size()));
  }
  return partials;
}

std::string partials_to_text(const std::vector<std::string>& partials) {
  std::string text;
  for (const std::string& token : partials) {
    text += (text.empty() ? "" : " ") + token;
  }
  return text;
}

}  // namespace

ProgressTexts::ProgressTexts(const model::UploadProgress& progress,
                             const std::optional<model::Layout>& layout)
    : stored(stored_to_text(progress.stored, layout ? &*layout : nullptr)),
      unsynced(stored_to_text(progress.unsynced, layout ? &*layout : nullptr)) {
  if (progress.answer) {
    headers = answer_headers_to_text(progress.answer->headers);
  }
}

UploadTexts::UploadTexts(const model::UploadRecord& record)
    : layout(record.layout ? layout_to_text(*record.layout) : ""),
      partials(partials_to_text(record.partials)),
      progress(record.progress, record.layout),
      weight(1 + (record.file_name.size() + record.content_type.size() + record.parameters.size() +
                  record.origin.size() + layout.size() + record.words.size() + partials.size()) /
                     limits::record_text_bytes) {}

void bind_upload(Places& places, const model::UploadRecord& record, const UploadTexts& texts) {
  places.bind_unsigned(record.id);
  places.bind_text(record.token);
  places.bind_blob(record.file_name);
  places.bind_unsigned(size_bound(record));
  places.bind(record.progress.file_size ? 1 : 0);
  places.bind_blob(record.content_type);
  places.bind_text(record.parameters);
  places.bind_text(record.origin);
  places.bind_text(record.owner);
  places.bind_text(texts.layout);
  places.bind_text(record.dialect);
  places.bind_text(record.words);
  places.bind(record.is_partial ? 1 : 0);
  places.bind_text(texts.partials);
  places.bind_time(record.created_at);
  places.bind_unsigned(record.progress.version);
  bind_progress(places, record.progress, texts.progress);
}

void bind_progress(Places& places, const model::UploadProgress& progress,
                   const ProgressTexts& texts) {
  places.bind_text(to_text(progress.state));
  places.bind_text(texts.stored);
  places.bind_text(texts.unsynced);
  places.bind_time(progress.expires_at);
  places.bind(progress.blob_present ? 1 : 0);
  places.bind_unsigned(progress.attempts);
  places.bind_time(progress.next_attempt_at);
  places.bind_time(progress.handoff_since);
  places.bind_blob(progress.failure);
  places.bind(progress.is_cleared ? 1 : 0);
  if (!progress.answer) {
    places.bind_null();
    places.bind_null();
    places.bind_null();
    places.bind(0);
    return;
  }
  places.bind(progress.answer->status);
  places.bind_text(texts.headers);
  const bool is_spilled = progress.answer->spilled_bytes > 0;
  places.bind_blob(is_spilled ? progress.answer->spilled_as : progress.answer->body);
  places.bind_unsigned(progress.answer->spilled_bytes);
}

std::expected<model::UploadRecord, const char*> take_upload(Fields& row) {
  Columns columns(row);
  model::UploadRecord record;
  record.id = columns.count("id");
  record.token = columns.bytes();
  record.file_name = columns.bytes();
  record.file_size_max = columns.count("file_size");
  if (columns.integer("size_known", 0, 1) == 1) {
    record.progress.file_size = record.file_size_max;
  }
  record.content_type = columns.bytes();
  record.parameters = columns.bytes();
  record.origin = columns.bytes();
  record.owner = columns.bytes();
  const std::string layout = columns.bytes();
  if (!layout.empty()) {
    record.layout = layout_from_text(layout);
    const bool fits = record.layout && record.layout->total_size() == record.progress.file_size;
    columns.expect(fits, "layout");
  }
  record.dialect = columns.bytes();
  record.words = columns.bytes();
  record.is_partial = columns.integer("is_partial", 0, 1) == 1;
  record.partials = partials_from_text(columns.bytes());
  record.created_at = columns.time("created_at");
  take_progress(columns, record.layout, record.progress);
  const model::UploadState state = record.progress.state;
  columns.expect(
      record.progress.file_size || state == model::UploadState::receiving || is_gone(state),
      "size_known");
  if (columns.damaged() != nullptr) {
    return std::unexpected(columns.damaged());
  }
  return record;
}

}  // namespace sluice::journal
