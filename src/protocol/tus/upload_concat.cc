// SPDX-License-Identifier: MIT
#include "protocol/tus/upload_concat.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "protocol/path.h"
#include "protocol/upload_location.h"

namespace sluice::protocol::tus {
namespace {

constexpr std::string_view final_prefix = "final;";

std::unexpected<Error> refuse(const char* expected, std::string_view text) {
  return fail(Errc::bad_request,
              std::string("Upload-Concat: expected ") + expected + ", got " + in_quotes(text));
}

// The URL's path in front of the location is the operator's base, or the client's directory: the
// token alone says which upload it is.
std::optional<std::string> token_in(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    const std::size_t path = url.find('/', scheme + 3);
    url = path == std::string_view::npos ? std::string_view() : url.substr(path);
  }
  const Result<Segments> segments = parse_path(url);
  if (!segments || segments->empty() || !is_upload_token(segments->back())) {
    return std::nullopt;
  }
  const std::size_t count = segments->size();
  const bool is_location = count == 1 || (*segments)[count - 2] == "uploads";
  return is_location ? std::optional(segments->back()) : std::nullopt;
}

}  // namespace

Result<UploadConcat> parse_upload_concat(std::string_view text) {
  if (text == "partial") {
    return UploadConcat{};
  }
  if (!text.starts_with(final_prefix)) {
    return refuse("\"partial\" or \"final;\" and URLs", text);
  }
  UploadConcat concat{.is_final = true, .partials = {}};
  std::string_view rest = trimmed(text.substr(final_prefix.size()));
  while (!rest.empty()) {
    const std::string_view url = rest.substr(0, rest.find(' '));
    rest = trimmed(rest.substr(url.size()));
    std::optional<std::string> token = token_in(url);
    if (!token) {
      return refuse("URLs of this server's uploads", url);
    }
    concat.partials.push_back(*std::move(token));
  }
  if (concat.partials.empty() || concat.partials.size() > limits::concatenated_uploads_max) {
    return refuse("at least one URL, and no more than a thousand", text);
  }
  return concat;
}

}  // namespace sluice::protocol::tus
