// SPDX-License-Identifier: MIT
// The headers of a kept answer as JSON text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/answer.h"

namespace sluice::journal {

// [["Name","value"],...] in order. A header may hold any byte; byte N stands as the character
// U+00NN, so that the text is always valid and nothing is lost.
std::string answer_headers_to_text(const decltype(model::Answer::headers)& headers);
std::optional<decltype(model::Answer::headers)> answer_headers_from_text(std::string_view text);

}  // namespace sluice::journal
