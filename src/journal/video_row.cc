// SPDX-License-Identifier: MIT
#include "journal/video_row.h"

#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>

#include "base/limits.h"

namespace sluice::journal {
namespace {

bool is_json(std::string_view text) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse({text.data(), text.size()}, error);
  return !error;
}

}  // namespace

bool is_video_status(std::string_view text) noexcept {
  return text == "processing" || text == "success" || text == "fail" || text == "stored" ||
         text == "deleted";
}

void bind_video(Places& places, const model::VideoRecord& record) {
  places.bind_text(record.id);
  places.bind_unsigned(record.upload_id);
  places.bind_time(record.created_at);
  places.bind_text(record.status);
  places.bind(record.source_present ? 1 : 0);
  places.bind_text(record.document);
  places.bind_text(record.metadata);
  places.bind_text(record.owner);
  places.bind_unsigned(record.files_size);
  places.bind_unsigned(1 + (record.document.size() + record.metadata.size()) /
                               limits::record_text_bytes);
}

std::expected<model::VideoRecord, const char*> take_video(Fields& row) {
  model::VideoRecord record;
  record.id = row.take_bytes();
  const std::int64_t upload_id = row.take_integer();
  record.upload_id = static_cast<std::uint64_t>(upload_id);
  record.created_at = Timestamp(std::chrono::milliseconds(row.take_integer()));
  record.status = row.take_bytes();
  record.source_present = row.take_integer() != 0;
  record.document = row.take_bytes();
  record.metadata = row.take_bytes();
  record.owner = row.take_bytes();
  const std::int64_t files_size = row.take_integer();
  record.files_size = static_cast<std::uint64_t>(files_size);
  if (upload_id < 0) {
    return std::unexpected("upload_id");
  }
  if (files_size < 0) {
    return std::unexpected("files_size");
  }
  if (!is_video_status(record.status)) {
    return std::unexpected("status");
  }
  if (!is_json(record.document)) {
    return std::unexpected("document");
  }
  return record;
}

}  // namespace sluice::journal
