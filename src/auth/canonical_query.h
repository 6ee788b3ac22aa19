// SPDX-License-Identifier: MIT
// The parameters of a request as one text, in the forms in which clients put them under their
// signatures. Knows no socket.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "http/urlencoded.h"

namespace sluice::auth {

// Families of clients (panda-clients 5.1, 5.3). All but the first deviate from the documentation.
enum class Dialect {
  documented,  // RFC 3986 escapes, names in byte order, brackets of nested names literal.
  php,         // Escapes '~', too.
  node,        // Names as they are; '*' and ''' as well; signs `file`.
  dotnet,      // Names as they are; a space is '+'; "!*()" as they are, '~' not.
  coldfusion,  // "name=value" sorted without regard to case.
  java,        // java.net.URLEncoder.
  java_v3,     // Only ':', '+', '/' and spaces are escaped; "name=value" sorted.
};

inline constexpr std::array dialects{Dialect::documented, Dialect::php,        Dialect::node,
                                     Dialect::dotnet,     Dialect::coldfusion, Dialect::java,
                                     Dialect::java_v3};

// `signature` is left out, and `file` but for Dialect::node. Whatever the dialect, a text that is
// returned reads back as `fields` by the rules of urlencoded forms; nullopt where it would not.
// So no two sets of parameters ever have a text in common, and a signature for one cannot be used
// for another.
std::optional<std::string> canonical_query(std::vector<http::FormField> fields, Dialect dialect);

// The same text, also where it would not read back: for a caller that compares it with the text
// it looks for first, and then asks canonical_query().
std::string unproved_query(std::vector<http::FormField> fields, Dialect dialect);

}  // namespace sluice::auth
