// SPDX-License-Identifier: MIT
// application/x-www-form-urlencoded, in bodies and query strings. Knows no socket.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sluice::http {

struct FormField {
  std::string name;
  std::string value;

  friend bool operator==(const FormField&, const FormField&) = default;
};

// Fields in their order, duplicates and all. '+' is a space, empty segments are skipped, a segment
// without '=' is a name with an empty value. bad_request for a broken percent-escape or more than
// limits::form_field_count_max fields. Names and values may hold any bytes.
Result<std::vector<FormField>> parse_urlencoded(std::string_view text);

}  // namespace sluice::http
