// SPDX-License-Identifier: MIT
// The media type of a Content-Type field.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "http/message.h"

namespace sluice::protocol {

// Lower case, without parameters: "text/html" for "Text/HTML; charset=utf-8". Empty for text
// that is no media type (RFC 9110 8.3.1): it says nothing, so it counts as absent.
inline std::string media_type(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  const std::size_t slash = std::min(type.find('/'), type.size());
  const bool is_readable = http::is_token(type.substr(0, slash)) &&
                           http::is_token(type.substr(std::min(slash + 1, type.size())));
  return is_readable ? to_lower(type) : std::string();
}

}  // namespace sluice::protocol
