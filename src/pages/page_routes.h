// SPDX-License-Identifier: MIT
// The page on which people drop files, over HTTP: a few files that never change while the program
// runs. They know nothing of uploads: the page speaks tus, as every other client.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pages/page_file.h"
#include "protocol/route.h"

namespace sluice::pages {

// What the page is told by GET /page.json.
struct PageSettings {
  std::string files_path = "/files";  // Where it opens uploads.
  // Bytes; may change.
  std::function<std::uint64_t()> file_size_max = [] { return std::uint64_t{0}; };
};

// None where there are no files. The actions own what they need but for the files' bytes, which
// outlive them.
std::vector<protocol::Route> page_routes(std::span<const PageFile> files,
                                         const PageSettings& settings);

}  // namespace sluice::pages
