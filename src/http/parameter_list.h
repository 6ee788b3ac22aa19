// SPDX-License-Identifier: MIT
// The parameters behind the first ';' of a Content-Type or a Content-Disposition, read as clients
// write it. A parameter that cannot be read is left out and voids none of the others.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

class ParameterList {
 public:
  // `name=value; name="value"`. An unquoted value reaches to the next ';', because boundaries with
  // characters outside of a token occur unquoted. A quote ends a quoted one only where the value
  // may end (the field ends there, or another parameter begins), because names with unescaped
  // quotes occur. A backslash escapes quotes and itself, and is a character everywhere else, also
  // in front of the quote at the end: paths of Windows occur unescaped.
  explicit ParameterList(std::string_view field);

  // The first of that name, which is in lower case; null: none.
  const std::string* find(std::string_view name) const noexcept;
  std::size_t count(std::string_view name) const noexcept;

  // A value that names its charset or comes in pieces, in UTF-8: `name*` (RFC 8187), else `name*0`,
  // `name*1*` and so on, in their order (RFC 2231 3 and 4.1). nullopt also for a charset that is
  // not known and for bytes that are no text in theirs: `name` stands beside it for readers like
  // that.
  std::optional<std::string> extended_text(std::string_view name) const;

 private:
  struct Parameter {
    std::string name;
    std::string value;
  };

  std::optional<std::string> joined_pieces(std::string_view name) const;

  std::vector<Parameter> parameters_;
};

}  // namespace sluice::http
