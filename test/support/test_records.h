// SPDX-License-Identifier: MIT
// For tests: records in which no field has its default value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/metrics.h"
#include "model/upload.h"
#include "model/video.h"

namespace sluice::testing {

inline Timestamp at(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

inline model::UploadRecord sample_upload(std::uint64_t id) {
  model::UploadRecord record;
  record.id = id;
  record.token = "token-" + std::to_string(id);
  record.file_name = "film.mp4";
  record.progress.file_size = record.file_size_max = 9'007'199'254'740'992;
  record.content_type = "video/mp4";
  record.parameters = R"({"path_format":"a/b"})";
  record.created_at = at(1'700'000'000'123);
  record.progress.expires_at = at(1'700'000'600'456);
  return record;
}

inline model::VideoRecord sample_video(const std::string& id) {
  model::VideoRecord record;
  record.id = id;
  record.upload_id = 7;
  record.created_at = at(1'700'000'000'123);
  record.status = "success";
  record.document = R"({"id":1})";
  record.metadata = "{}";
  record.owner = "key";
  return record;
}

inline std::uint64_t observations(const Histogram& histogram) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= Histogram::upper_bounds_seconds.size(); ++i) {
    sum += histogram.bucket(i);
  }
  return sum;
}

}  // namespace sluice::testing
