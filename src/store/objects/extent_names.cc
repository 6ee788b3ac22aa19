// SPDX-License-Identifier: MIT
#include "store/objects/extent_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>

#include "base/limits.h"
#include "base/random.h"

namespace sluice::store::objects {

namespace {

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

ExtentNames::ExtentNames(const std::string& prefix)
    : root_(prefix.empty() ? "e" : prefix + "/e"),
      files_(prefix.empty() ? "f/" : prefix + "/f/"),
      run_(random_hex_id() + random_hex_id().substr(0, 4)) {}

std::string ExtentNames::next(std::uint64_t upload_id, ByteRange range) {
  return fmt::format("{}{}-{}-{}-{}", prefix_of(upload_id), run_, last_.fetch_add(1) + 1,
                     range.begin, range.end);
}

std::string ExtentNames::next_suffix() {
  return fmt::format("/{}-{}", run_, last_.fetch_add(1) + 1);
}

bool ExtentNames::is_whole(const model::Extent& extent) const {
  const std::optional<Parsed> parsed = parse(extent.object);
  return parsed && parsed->range == extent.range && extent.object_begin == 0;
}

std::string ExtentNames::prefix_of(std::uint64_t upload_id) const {
  return fmt::format("{}/{:02x}/{}/", root_, upload_id & 0xFFU, upload_id);
}

std::optional<ExtentNames::Parsed> ExtentNames::parse(std::string_view key) const {
  const std::size_t slash = key.rfind('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  std::array<std::uint64_t, 3> numbers{};  // n, begin, end: from behind.
  std::string_view rest = key.substr(slash + 1);
  for (std::uint64_t& number : numbers | std::views::reverse) {
    const std::size_t dash = rest.rfind('-');
    if (dash == std::string_view::npos || !read_number(rest.substr(dash + 1), number)) {
      return std::nullopt;
    }
    rest = rest.substr(0, dash);
  }
  Parsed parsed{.range = {numbers[1], numbers[2]}};
  const std::string_view folder = key.substr(0, slash);
  const std::size_t before = folder.rfind('/');
  const bool has_id =
      before != std::string_view::npos && read_number(folder.substr(before + 1), parsed.upload_id);
  // The rest is as it was made.
  const bool is_ours = has_id && numbers[1] < numbers[2] && numbers[2] <= limits::file_size_max &&
                       rest.size() == run_.size() &&
                       rest.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
                       key == fmt::format("{}{}-{}-{}-{}", prefix_of(parsed.upload_id), rest,
                                          numbers[0], numbers[1], numbers[2]);
  return is_ours ? std::optional(parsed) : std::nullopt;
}

std::uint64_t extent_bytes_of(std::uint64_t file_size) {
  const std::uint64_t equal = file_size / limits::extents_max + 1;
  return std::max(limits::extent_bytes, equal);
}

}  // namespace sluice::store::objects
