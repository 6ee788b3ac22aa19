// SPDX-License-Identifier: MIT
// The media type that the end of a file's name promises.
#pragma once

#include <string_view>

namespace sluice::cli {

// Empty when the ending is not known. Capitals do not count.
std::string_view content_type_of(std::string_view file_name);

}  // namespace sluice::cli
