// SPDX-License-Identifier: MIT
#include "protocol/cors.h"

namespace sluice::protocol {

void allow_any_origin(http::Headers& headers) {
  headers.set("Access-Control-Allow-Origin", "*");
  headers.set("Access-Control-Expose-Headers", "Location, Range");
}

void answer_preflight(http::Headers& headers, const std::string& methods) {
  headers.set("Access-Control-Allow-Methods", methods);
  headers.set("Access-Control-Allow-Headers",
              "cache-control, content-range, content-type, x-requested-with, x-file-name, "
              "x-query-params, x-part, x-extra-file-tag");
  // Without it browsers ask again before each piece. A day is the longest that any of them keeps.
  headers.set("Access-Control-Max-Age", "86400");
}

}  // namespace sluice::protocol
