// SPDX-License-Identifier: MIT
// The fields behind a chunked body (RFC 9110 6.5). Most are dropped unread; a handler asks for the
// one that it needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

class Trailers {
 public:
  virtual ~Trailers() = default;

  // The value of the first field of that name, without blanks around it. nullopt before the body
  // has ended.
  virtual std::optional<std::string> trailer(std::string_view name) const = 0;
};

}  // namespace sluice::http
