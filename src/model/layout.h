// SPDX-License-Identifier: MIT
// The files of a multi-chunk upload and how they lie in its blob: the main file first, the extra
// files behind it, without gaps. One address space, so that an upload is complete when its blob is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sluice::model {

struct ExtraFile {
  std::string tag;  // The client's name for it; valid UTF-8, as file_name is.
  std::string file_name;
  ByteRange range;  // In the blob.

  friend bool operator==(const ExtraFile&, const ExtraFile&) = default;
};

struct Layout {
  std::uint64_t main_size = 0;
  // Of every part but the last one of a file. Kept, so that a session goes on with the size that
  // its client was told.
  std::uint64_t part_size = 0;
  std::vector<ExtraFile> extra_files;

  // Behind the files that are there. False, and nothing is added, where all files together would
  // have more than limits::file_size_max bytes.
  [[nodiscard]] bool add(std::string tag, std::string file_name, std::uint64_t size);
  // Of all files.
  std::uint64_t total_size() const noexcept;

  friend bool operator==(const Layout&, const Layout&) = default;
};

}  // namespace sluice::model
