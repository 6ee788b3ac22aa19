// SPDX-License-Identifier: MIT
// The parameters that an upload keeps for the backend. Knows no socket.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocol/parameters.h"

namespace sluice::protocol {

// As model::UploadRecord keeps them: a JSON object. Known or not, all but the file's size and name,
// which have fields of their own, and credentials.
std::string kept_parameters(const Parameters& parameters);
// `described` is all that the request says, `vouched` what Access::judge() has left of it. What no
// credential vouches for becomes the one parameter "metadata", an object, so that the application
// can tell it from the rest. Neither credentials nor what `is_left_out` are kept. A JSON object.
std::string kept_parameters(const Parameters& described, const Parameters& vouched,
                            const std::function<bool(std::string_view name)>& is_left_out);

}  // namespace sluice::protocol
