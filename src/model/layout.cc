// SPDX-License-Identifier: MIT
#include "model/layout.h"

#include <utility>

#include "base/checked.h"
#include "base/limits.h"

namespace sluice::model {

bool Layout::add(std::string tag, std::string file_name, std::uint64_t size) {
  const std::uint64_t begin = total_size();
  const std::uint64_t end = saturating_add(begin, size);
  if (end > limits::file_size_max) {
    return false;
  }
  extra_files.push_back({std::move(tag), std::move(file_name), {begin, end}});
  return true;
}

std::uint64_t Layout::total_size() const noexcept {
  return extra_files.empty() ? main_size : extra_files.back().range.end;
}

}  // namespace sluice::model
