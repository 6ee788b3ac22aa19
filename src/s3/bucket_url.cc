// SPDX-License-Identifier: MIT
#include "s3/bucket_url.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::s3 {
namespace {

constexpr std::string_view scheme = "s3://";
constexpr std::size_t bucket_bytes_min = 3;
constexpr std::size_t bucket_bytes_max = 63;

constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_bucket(std::string_view name) {
  return name.size() >= bucket_bytes_min && name.size() <= bucket_bytes_max &&
         is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
         std::ranges::all_of(name,
                             [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

// Characters that need no quoting in a key, so that what stands in a listing is what was asked for.
bool is_prefix(std::string_view text) {
  constexpr std::string_view others = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.!*'()/";
  const bool has_empty_part =
      text.starts_with('/') || text.ends_with('/') || text.find("//") != std::string_view::npos;
  return text.size() <= limits::s3_prefix_bytes_max && !has_empty_part &&
         std::ranges::all_of(text,
                             [&](char c) { return is_letter_or_digit(c) || others.contains(c); });
}

}  // namespace

Result<BucketUrl> parse_bucket_url(std::string_view text) {
  const std::string_view rest = text.substr(std::min(text.size(), scheme.size()));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  BucketUrl url{std::string(rest.substr(0, slash)),
                std::string(rest.substr(std::min(rest.size(), slash + 1)))};
  if (!text.starts_with(scheme) || !is_bucket(url.bucket) || !is_prefix(url.prefix)) {
    return fail(Errc::internal,
                "expected s3://BUCKET or s3://BUCKET/PREFIX, of lower-case letters, digits, '-' "
                "and '.', the prefix also of A-Z and _!*'() and without a slash at its end, not " +
                    in_quotes(text));
  }
  return url;
}

}  // namespace sluice::s3
