// SPDX-License-Identifier: MIT
#include "outgoing/target.h"

#include <algorithm>

#include "base/encoding.h"

namespace sluice::outgoing {
namespace {

constexpr std::string_view unix_prefix = "unix:";

std::unexpected<Error> unusable(std::string_view text) {
  return fail(Errc::bad_request,
              "expected a URL like \"http://app:3000/videos\", \"https://app.example.com/videos\" "
              "or \"unix:/run/app.sock:/videos\", without user name and fragment, not " +
                  in_quotes(text));
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; }) &&
         text.find_first_of("#\\\"<>") == std::string_view::npos;
}

bool is_authority(std::string_view text) {
  return !text.empty() && text.find_first_of("@?%{}") == std::string_view::npos;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  Target target;
  if (!is_plain(text)) {
    return unusable(text);
  }
  if (text.starts_with(unix_prefix)) {
    const std::string_view rest = text.substr(unix_prefix.size());
    const std::size_t colon = rest.find(":/");
    if (!rest.starts_with('/') || colon == std::string_view::npos) {
      return unusable(text);
    }
    target.origin = "http://localhost";
    target.unix_socket = rest.substr(0, colon);
    target.path = rest.substr(colon + 1);
    return target;
  }
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  const std::size_t end = std::min(text.find_first_of("/?", scheme), text.size());
  if (scheme == 0 || !is_authority(text.substr(scheme, end - scheme))) {
    return unusable(text);
  }
  target.origin = text.substr(0, end);
  target.path = text.substr(end);
  if (!target.path.starts_with('/')) {
    target.path.insert(0, "/");
  }
  return target;
}

}  // namespace sluice::outgoing
