// SPDX-License-Identifier: MIT
// The files of the pages for people, as the build of web/ left them: part of the program.
#pragma once

#include <span>
#include <string_view>

namespace sluice::pages {

struct PageFile {
  std::string_view path;  // "/" for the page, "/assets/NAME" for what it needs.
  std::string_view media_type;
  std::string_view etag;  // Strong, without its quotes.
  std::string_view content;
  std::string_view gzip;  // The same content, compressed; empty where that saves nothing.
};

// None in a program that was built without the npm packages of web/.
std::span<const PageFile> built_files() noexcept;

}  // namespace sluice::pages
