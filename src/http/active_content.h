// SPDX-License-Identifier: MIT
// The media type of another server's answer, on the way to a client.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http {

// The media type under which bytes of another server may be answered here. A type that a browser
// would run, or that may hold such parts, becomes plain text: it would run with the rights of this
// server's origin. Everything else stays as it is.
std::string passive_media_type(std::string_view media_type);

}  // namespace sluice::http
