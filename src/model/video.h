// SPDX-License-Identifier: MIT
// A file of the embedded library as the journal remembers it: a video, or any file that is kept as
// it is.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice::model {

// `document` and `metadata` are JSON texts that the library and its backends read and write.
struct VideoRecord {
  std::string id;
  std::uint64_t upload_id = 0;
  Timestamp created_at;
  // Of a video processing, success or fail; of any other file stored; of both deleted: the files
  // are being removed.
  std::string status;
  bool source_present = true;
  std::string document;
  std::string metadata;
  std::string owner;             // The upload's.
  std::uint64_t files_size = 0;  // Bytes of all its files, the extra ones too.

  friend bool operator==(const VideoRecord&, const VideoRecord&) = default;
};

}  // namespace sluice::model
