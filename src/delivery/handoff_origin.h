// SPDX-License-Identifier: MIT
// Where an upload's session came from, as its record keeps it:
// {"address":"192.0.2.1","headers":{"user-agent":"..."}}.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::delivery {

struct HandoffOrigin {
  std::string address;  // Empty: not known.
  // The headers that the operator chose, names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
};

// Members that are not as expected are left out.
HandoffOrigin parse_origin(std::string_view text);

}  // namespace sluice::delivery
