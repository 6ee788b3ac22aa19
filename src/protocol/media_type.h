// SPDX-License-Identifier: MIT
// The media type of a Content-Type field.
#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"

namespace sluice::protocol {

// Lower case, without parameters: "text/html" for "Text/HTML; charset=utf-8".
inline std::string media_type(std::string_view content_type) {
  return to_lower(trimmed(content_type.substr(0, content_type.find(';'))));
}

}  // namespace sluice::protocol
