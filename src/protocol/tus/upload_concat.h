// SPDX-License-Identifier: MIT
// The field Upload-Concat of tus 1.0.0. Knows no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::protocol::tus {

struct UploadConcat {
  bool is_final = false;
  // Of a final: the tokens of its partial uploads, in their order; at least one.
  std::vector<std::string> partials;
};

// "partial", or "final;" and the URLs of partial uploads, absolute or relative. bad_request for
// anything else, and for a URL that is no location of this server.
Result<UploadConcat> parse_upload_concat(std::string_view text);

}  // namespace sluice::protocol::tus
