// SPDX-License-Identifier: MIT
// Lists that are told page by page. Knows no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/parameters.h"

namespace sluice::protocol {

struct Paging {
  std::uint64_t page = 1;
  std::uint64_t per_page = 1;
};

// Of `page` and `per_page`; bad_request for what no list has.
Result<Paging> parse_paging(const Parameters& parameters);

// Of JSON texts.
std::string array_text(const std::vector<std::string>& documents);
// An object that has the array as the member `name`, and says which page of how many it is.
std::string page_text(std::string_view name, const std::vector<std::string>& documents,
                      const Paging& paging, std::uint64_t total);

}  // namespace sluice::protocol
