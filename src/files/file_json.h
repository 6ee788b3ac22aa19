// SPDX-License-Identifier: MIT
// The document of a file that is kept as it is. Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "model/layout.h"

namespace sluice::files {

struct FileDescription {
  std::string id;
  std::string file_name;  // As the client gave it, path and all.
  std::uint64_t file_size = 0;
  std::string sha256;        // Hex digits.
  std::string content_type;  // The client's word.
  Timestamp created_at;
  std::string url;  // The right to read the file: its last segment is a secret.
  std::vector<model::ExtraFile> extra_files;
};

// One line of JSON.
std::string file_document(const FileDescription& file);
// Without the time and the extra files; the name has no path any more. storage_failed when it is
// not one of ours.
Result<FileDescription> read_document(std::string_view document);

}  // namespace sluice::files
