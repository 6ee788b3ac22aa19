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

  // As parse_target(); the path and the query may hold the names id, key, file_name, file_size,
  // content_type and parameter:NAME. bad_request says what is wrong.
  static Result<UrlTemplate> parse(std::string_view text);

  // Everything but RFC 3986's unreserved characters is percent-encoded, so that no value adds a
  // segment or a parameter. "." and ".." alone would be a step in a path: they become "%2E" and
  // "%2E%2E", which servers that decode before they split may still follow.
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
