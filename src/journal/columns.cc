// SPDX-License-Identifier: MIT
#include "journal/columns.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace sluice::journal {

void Places::bind_unsigned(std::uint64_t value) {
  SLUICE_CHECK(std::in_range<std::int64_t>(value));
  bind(static_cast<std::int64_t>(value));
}

void Places::bind_time(Timestamp time) {
  bind(time.time_since_epoch().count());
}

void Places::bind_count(std::size_t count) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bind_unsigned(std::min<std::uint64_t>(count, most));
}

}  // namespace sluice::journal
