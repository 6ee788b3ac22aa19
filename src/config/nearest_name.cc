// SPDX-License-Identifier: MIT
#include "config/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::config {
namespace {

std::string_view behind_last_dot(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// Two names that differ in section cost one step more than what differs behind the dot.
std::size_t name_distance(std::string_view left, std::string_view right) {
  return std::min(edit_distance(left, right),
                  edit_distance(behind_last_dot(left), behind_last_dot(right)) + 1);
}

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  const std::string a = to_lower(left.substr(0, limits::setting_name_bytes_max));
  const std::string b = to_lower(right.substr(0, limits::setting_name_bytes_max));
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replacement = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replacement});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

std::string_view nearest_name(std::string_view mistyped, std::span<const std::string_view> names) {
  SLUICE_CHECK(!names.empty());
  return *std::ranges::min_element(names, {}, [mistyped](std::string_view name) {
    return std::pair(name_distance(mistyped, name), edit_distance(mistyped, name));
  });
}

}  // namespace sluice::config
