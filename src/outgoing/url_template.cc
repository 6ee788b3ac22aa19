// SPDX-License-Identifier: MIT
#include "outgoing/url_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace sluice::outgoing {
namespace {

constexpr std::string_view parameter_prefix = "parameter:";
// Sluice makes their values, of digits and letters.
constexpr std::array<std::string_view, 3> own_names{"id", "key", "file_size"};
constexpr std::array<std::string_view, 2> client_names{"file_name", "content_type"};

bool is_client_name(std::string_view name) {
  return std::ranges::find(client_names, name) != client_names.end() ||
         (name.starts_with(parameter_prefix) && name.size() > parameter_prefix.size());
}

bool is_known(std::string_view name) {
  return std::ranges::find(own_names, name) != own_names.end() || is_client_name(name);
}

}  // namespace

Result<UrlTemplate> UrlTemplate::parse(std::string_view text) {
  Result<Target> target = parse_target(text);
  if (!target) {
    return fail(target.error());
  }
  UrlTemplate url;
  url.target_ = *std::move(target);
  std::string_view rest = url.target_.path;
  bool is_query = false;
  while (!rest.empty()) {
    const std::size_t open = std::min(rest.find_first_of("{}"), rest.size());
    if (open > 0) {
      url.parts_.push_back({.text = std::string(rest.substr(0, open))});
      is_query = is_query || rest.substr(0, open).contains('?');
    }
    if (open == rest.size()) {
      break;
    }
    const std::size_t close = rest.find('}', open);
    const std::string_view name =
        close == std::string_view::npos ? "" : rest.substr(open + 1, close - open - 1);
    if (rest[open] == '}' || !is_known(name)) {
      return fail(Errc::bad_request,
                  "expected {id}, {key}, {file_name}, {file_size}, {content_type} or "
                  "{parameter:NAME} at " +
                      in_quotes(rest.substr(open)));
    }
    if (!is_query && is_client_name(name)) {
      return fail(Errc::bad_request, "expected {" + std::string(name) +
                                         "} only behind ?: clients choose it, and servers that "
                                         "decode %2F or .. would follow it out of its segment");
    }
    url.parts_.push_back({.text = std::string(name), .is_name = true});
    rest.remove_prefix(close + 1);
  }
  return url;
}

Target UrlTemplate::expand(const Lookup& lookup) const {
  Target target = target_;
  target.path.clear();
  for (const Part& part : parts_) {
    target.path += part.is_name ? percent_encode(lookup(part.text)) : part.text;
  }
  return target;
}

}  // namespace sluice::outgoing
