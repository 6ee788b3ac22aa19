// SPDX-License-Identifier: MIT
// A video of the embedded library as the journal remembers it.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice::model {

// `document` and `metadata` are JSON texts that the video library reads and writes.
struct VideoRecord {
  std::string id;
  std::uint64_t upload_id = 0;
  Timestamp created_at;
  std::string status;  // processing, success, fail; or deleted: its files are being removed.
  bool source_present = true;
  std::string document;
  std::string metadata;
  std::string owner;             // The upload's.
  std::uint64_t files_size = 0;  // Bytes of all its files, the extra ones too.

  friend bool operator==(const VideoRecord&, const VideoRecord&) = default;
};

}  // namespace sluice::model
