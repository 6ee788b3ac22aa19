// SPDX-License-Identifier: MIT
#include "http/authority.h"

#include <algorithm>

#include "base/encoding.h"
#include "net/network.h"

namespace sluice::http {

std::string host_name(std::string_view authority) {
  if (authority.starts_with('[')) {
    return to_lower(authority.substr(1, std::min(authority.find(']'), authority.size()) - 1));
  }
  std::string_view name = authority.substr(0, authority.find(':'));
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  return to_lower(name);
}

std::string_view authority_of(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  const std::string_view rest =
      scheme_end == std::string_view::npos ? std::string_view() : url.substr(scheme_end + 3);
  return rest.substr(0, rest.find('/'));
}

bool is_address(std::string_view name) {
  return net::parse_address(name).has_value();
}

}  // namespace sluice::http
