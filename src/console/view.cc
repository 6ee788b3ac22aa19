// SPDX-License-Identifier: MIT
#include "console/view.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/printable.h"
#include "http/urlencoded.h"

namespace sluice::console {
namespace {

using Order = View::Order;

constexpr std::array<std::pair<std::string_view, Order>, 7> orders{{{"active", Order::active},
                                                                    {"id", Order::id},
                                                                    {"name", Order::name},
                                                                    {"owner", Order::owner},
                                                                    {"size", Order::size},
                                                                    {"arrived", Order::arrived},
                                                                    {"state", Order::state}}};

bool set_which(View& view, std::string_view word) {
  if (word == "unfinished" || word == "all") {
    view.which = word == "all" ? View::Which::all : View::Which::unfinished;
    return true;
  }
  const auto state = model::upload_state_from_text(word);
  view.which = View::Which::in_state;
  view.state = state.value_or(view.state);
  return state.has_value();
}

bool set_order(View& view, std::string_view word) {
  const auto* const found =
      std::ranges::find(orders, word, &std::pair<std::string_view, Order>::first);
  if (found == orders.end()) {
    return false;
  }
  view.order = found->second;
  return true;
}

bool set(View& view, const http::FormField& field) {
  if (field.name == "state") {
    return set_which(view, field.value);
  }
  if (field.name == "search") {
    view.search = to_lower(field.value);
    return field.value.size() <= limits::console_search_bytes_max;
  }
  if (field.name == "sort") {
    return set_order(view, field.value);
  }
  view.is_reversed = field.value == "true";
  return field.name == "reverse" && (view.is_reversed || field.value == "false");
}

}  // namespace

Result<View> view_of(std::string_view query) {
  const Result<std::vector<http::FormField>> fields = http::parse_urlencoded(query);
  if (!fields) {
    return fail(fields.error());
  }
  View view;
  for (const http::FormField& field : *fields) {
    if (!set(view, field)) {
      return fail(Errc::bad_request,
                  "expected state (a state, unfinished or all), search, sort (active, id, name, "
                  "owner, size, arrived or state) and reverse (true or false); not " +
                      printable(field.name) + "=" + printable(field.value));
    }
  }
  return view;
}

}  // namespace sluice::console
