// SPDX-License-Identifier: MIT
// A URL with names in braces that each request fills in: "http://app/videos/{id}?by={parameter:u}".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "outgoing/target.h"

namespace sluice::outgoing {

class UrlTemplate {
 public:
  // The text of a name; an unset parameter is empty.
  using Lookup = std::function<std::string(std::string_view name)>;

  // As parse_target(); the path and the query may hold the names id, key and file_size, the query
  // also file_name, content_type and parameter:NAME, which clients choose. bad_request says what is
  // wrong.
  static Result<UrlTemplate> parse(std::string_view text);

  // Everything but RFC 3986's unreserved characters is percent-encoded, so that no value adds a
  // parameter.
  Target expand(const Lookup& lookup) const;

 private:
  struct Part {
    std::string text;
    bool is_name = false;
  };

  Target target_;
  std::vector<Part> parts_;  // Of the path and the query.
};

}  // namespace sluice::outgoing
