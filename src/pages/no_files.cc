// SPDX-License-Identifier: MIT
// In place of the generated file, where web/ is not built.
#include "pages/page_file.h"

namespace sluice::pages {

std::span<const PageFile> built_files() noexcept {
  return {};
}

}  // namespace sluice::pages
