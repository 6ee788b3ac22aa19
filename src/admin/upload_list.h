// SPDX-License-Identifier: MIT
// Pages of the uploads on record, as an operator asks for them: filtered, searched, in an order.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "journal/journal.h"
#include "runtime/task.h"
#include "upload/operations.h"

namespace sluice::admin {

struct ListQuery {
  // But for `id`, by which the journal has its pages, an order is that of the newest
  // limits::operator_search_count_max uploads that the journal's query leaves.
  enum class Order { id, name, owner, size, arrived, state };

  journal::UploadQuery journal;
  std::string search;  // A part of the name, or of the owner, in lower case; empty: all.
  Order order = Order::id;
  bool is_reversed = false;
  std::size_t skip = 0;  // In an order other than by id: so many in front are left out.
};

// A whole number from 1 to limits::upload_id_max.
std::optional<std::uint64_t> upload_id_of(std::string_view text);

// "state=receiving&owner=ann&search=film&after=7&count=100", each at most once. With "sort=size"
// and "reverse=true" in the order that the console has for uploads in memory (console/view.h): the
// newest, the largest, or the first by name, owner or state in front. Without `sort` the oldest
// are. bad_request.
Result<ListQuery> list_query_of(std::string_view text);

// `{"uploads","next"}`: `next`, where there may be more, is the `after` of the next page, or its
// `skip` in an order other than by id. In such an order also `"matching"`: how many uploads match,
// and `"truncated":true` where there may be older ones, which were not looked at.
runtime::Task<Result<boost::json::object>> list_page(upload::Operations& uploads, ListQuery query);

}  // namespace sluice::admin
