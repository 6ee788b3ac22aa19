// SPDX-License-Identifier: MIT
// The layout of a multi-chunk upload as a text of the journal (docs/format.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/layout.h"

namespace sluice::journal {

std::string layout_to_text(const model::Layout& layout);
// nullopt for a text that layout_to_text() does not make.
std::optional<model::Layout> layout_from_text(std::string_view text);

}  // namespace sluice::journal
