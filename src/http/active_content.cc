// SPDX-License-Identifier: MIT
#include "http/active_content.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "http/message.h"

namespace sluice::http {
namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

// Type and subtype in lower case; empty for what is no media type.
std::string essence_of(std::string_view media_type) {
  const std::string essence = to_lower(trimmed(media_type.substr(0, media_type.find(';'))));
  const std::size_t slash = essence.find('/');
  if (slash == std::string::npos || !is_token(essence.substr(0, slash)) ||
      !is_token(essence.substr(slash + 1))) {
    return {};
  }
  return essence;
}

// XML runs scripts by its namespaces or by a style sheet, so all of it counts (XHTML and SVG too).
bool is_active(std::string_view essence) {
  constexpr std::array<std::string_view, 3> names{"text/html", "text/xsl",
                                                  "application/x-shockwave-flash"};
  return essence.empty() || std::ranges::find(names, essence) != names.end() ||
         essence.ends_with("/xml") || essence.ends_with("+xml") || essence.contains("script") ||
         essence.starts_with("multipart/");
}

}  // namespace

std::string passive_media_type(std::string_view media_type) {
  return std::string(is_active(essence_of(media_type)) ? plain_text : media_type);
}

}  // namespace sluice::http
