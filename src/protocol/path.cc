// SPDX-License-Identifier: MIT
#include "protocol/path.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::protocol {
namespace {

constexpr std::string_view placeholder = "{}";

struct Version {
  std::array<std::string_view, 3> segments;  // Unused ones are empty, at the end.
  bool is_3_1;
};

// Longer ones first: none of the later may hide one.
constexpr std::array versions{
    Version{{"api", "flip", "3.1"}, true}, Version{{"api", "v3.1", ""}, true},
    Version{{"flip", "3.1", ""}, true},    Version{{"v3.1", "", ""}, true},
    Version{{"v3.0", "", ""}, false},      Version{{"v2", "", ""}, false},
};

bool matches(const std::string& segment, std::string_view pattern, std::string& capture) {
  const std::size_t at = pattern.find(placeholder);
  if (at == std::string_view::npos) {
    return segment == pattern;
  }
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + placeholder.size());
  const std::string_view text = segment;
  if (text.size() <= before.size() + after.size() || !text.starts_with(before) ||
      !text.ends_with(after)) {
    return false;
  }
  capture = text.substr(before.size(), text.size() - before.size() - after.size());
  return true;
}

}  // namespace

Result<Segments> parse_path(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    const std::string_view raw = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), raw.size() + 1));
    if (raw.empty()) {
      continue;
    }
    std::optional<std::string> segment = percent_decode(raw, false);
    if (!segment) {
      return fail(Errc::bad_request,
                  "the path: expected two hex digits behind each %, got " + in_quotes(raw));
    }
    segments.push_back(*std::move(segment));
  }
  return segments;
}

VersionPrefix strip_version(Segments& segments) {
  for (const Version& version : versions) {
    const auto count = std::ranges::find(version.segments, "") - version.segments.begin();
    const auto size = static_cast<std::size_t>(count);
    if (segments.size() > size &&
        std::equal(version.segments.begin(), version.segments.begin() + count, segments.begin())) {
      segments.erase(segments.begin(), segments.begin() + count);
      return {.found = true, .is_3_1 = version.is_3_1};
    }
  }
  return {};
}

std::string signed_path(std::string_view path) {
  Result<Segments> segments = parse_path(path);
  SLUICE_CHECK(segments.has_value());
  strip_version(*segments);
  std::string text;
  for (const std::string& segment : *segments) {
    text += "/" + segment;
  }
  return text;
}

PathPattern::PathPattern(std::string_view pattern) {
  while (!pattern.empty()) {
    const std::string_view segment = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(std::min(pattern.size(), segment.size() + 1));
    if (!segment.empty()) {
      segments_.emplace_back(segment);
    }
  }
}

std::optional<std::string> PathPattern::match(const Segments& segments) const {
  if (segments.size() != segments_.size()) {
    return std::nullopt;
  }
  std::string capture;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!matches(segments[i], segments_[i], capture)) {
      return std::nullopt;
    }
  }
  return capture;
}

}  // namespace sluice::protocol
