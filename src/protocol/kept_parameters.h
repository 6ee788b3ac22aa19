// SPDX-License-Identifier: MIT
// The parameters of a request that opens an upload, as the backend is told them.
#pragma once

#include <string>

#include "protocol/parameters.h"

namespace sluice::protocol {

// As model::UploadRecord keeps them: a JSON object. Known or not, all but the file's size and name,
// which have fields of their own, and credentials.
std::string kept_parameters(const Parameters& parameters);

}  // namespace sluice::protocol
