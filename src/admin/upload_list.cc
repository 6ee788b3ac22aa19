// SPDX-License-Identifier: MIT
#include "admin/upload_list.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "admin/upload_document.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/printable.h"
#include "http/urlencoded.h"

namespace sluice::admin {
namespace {

using runtime::Task;
using Order = ListQuery::Order;

constexpr std::array<std::pair<std::string_view, Order>, 6> orders{{{"id", Order::id},
                                                                    {"name", Order::name},
                                                                    {"owner", Order::owner},
                                                                    {"size", Order::size},
                                                                    {"arrived", Order::arrived},
                                                                    {"state", Order::state}}};

bool set_order(ListQuery& list, std::string_view word) {
  const auto* const found =
      std::ranges::find(orders, word, &std::pair<std::string_view, Order>::first);
  if (found == orders.end()) {
    return false;
  }
  list.order = found->second;
  list.journal.is_newest_first = true;
  return true;
}

bool set(ListQuery& list, const http::FormField& field) {
  const std::string& value = field.value;
  const std::uint64_t number = upload_id_of(value).value_or(0);
  if (field.name == "state") {
    list.journal.state = model::upload_state_from_text(value);
    return list.journal.state.has_value();
  }
  if (field.name == "after") {
    list.journal.after = number;
    return number > 0;
  }
  if (field.name == "count") {
    list.journal.count = static_cast<std::size_t>(number);
    return number > 0 && number <= limits::operator_page_count_max;
  }
  if (field.name == "skip") {
    list.skip = static_cast<std::size_t>(number);
    return number > 0 && number <= limits::operator_search_count_max;
  }
  if (field.name == "sort") {
    return set_order(list, value);
  }
  if (field.name == "reverse") {
    list.is_reversed = value == "true";
    return list.is_reversed || value == "false";
  }
  if (field.name == "owner") {
    list.journal.owner = value;
  } else if (field.name == "search") {
    list.search = to_lower(value);
  }
  return true;
}

bool is_found(const model::UploadRecord& record, const std::string& search) {
  return to_lower(record.file_name).find(search) != std::string::npos ||
         to_lower(record.owner).find(search) != std::string::npos;
}

// The place of an upload in an order: the least is in front.
struct Place {
  std::string text;
  std::uint64_t number = 0;
  std::uint64_t id = 0;
};

Place place_of(const upload::UploadView& view, Order order) {
  const model::UploadRecord& record = view.record;
  constexpr std::size_t most = limits::operator_sort_bytes_max;
  switch (order) {
    case Order::name:
      return {record.file_name.substr(0, most), 0, record.id};
    case Order::owner:
      return {record.owner.substr(0, most), 0, record.id};
    case Order::size:
      return {"", ~record.progress.file_size.value_or(0), record.id};
    case Order::arrived:
      return {"", ~view.arrived, record.id};
    case Order::state:
      return {"", static_cast<std::uint64_t>(record.progress.state), record.id};
    case Order::id:
      break;
  }
  return {"", 0, record.id};
}

// The newest first where nothing else tells two apart.
bool comes_before(const Place& a, const Place& b) {
  return std::tie(a.text, a.number, b.id) < std::tie(b.text, b.number, a.id);
}

// The first places of what has come so far.
class FirstPlaces {
 public:
  FirstPlaces(std::size_t count, bool is_reversed) : count_(count), is_reversed_(is_reversed) {}

  void add(std::vector<Place> page) {
    const auto in_order = [this](const Place& a, const Place& b) {
      return is_reversed_ ? comes_before(b, a) : comes_before(a, b);
    };
    seen_ += page.size();
    std::ranges::sort(page, in_order);
    std::vector<Place> merged;
    merged.reserve(places_.size() + page.size());
    std::ranges::merge(places_, page, std::back_inserter(merged), in_order);
    merged.resize(std::min(merged.size(), count_));
    places_ = std::move(merged);
  }

  const std::vector<Place>& places() const noexcept { return places_; }
  std::size_t seen() const noexcept { return seen_; }

 private:
  const std::size_t count_;
  const bool is_reversed_;
  std::vector<Place> places_;
  std::size_t seen_ = 0;
};

Task<Result<boost::json::object>> page_by_id(upload::Operations& uploads, ListQuery query) {
  journal::UploadQuery step = query.journal;
  step.is_newest_first = step.is_newest_first && !query.is_reversed;
  step.count = query.search.empty() ? step.count : limits::operator_page_count_max;
  std::size_t seen = 0;
  bool has_more = true;
  boost::json::array found;
  while (has_more && found.size() < query.journal.count &&
         seen < limits::operator_search_count_max) {
    const Result<std::vector<upload::UploadView>> page = co_await uploads.list(step);
    if (!page) {
      co_return fail(page.error());
    }
    has_more = page->size() == step.count;
    for (const upload::UploadView& view : *page) {
      if (found.size() == query.journal.count) {
        has_more = true;
        break;
      }
      ++seen;
      step.after = view.record.id;
      if (is_found(view.record, query.search)) {
        found.push_back(summary_of(view));
      }
    }
  }
  boost::json::object document;
  document["uploads"] = std::move(found);
  if (has_more) {
    document["next"] = step.after;
  }
  co_return document;
}

// Each page of it looks at all of them again: a place is kept as long as the answer takes.
Task<Result<boost::json::object>> page_in_order(upload::Operations& uploads, ListQuery query) {
  const std::size_t end = query.skip + query.journal.count;
  FirstPlaces first(end, query.is_reversed);
  journal::UploadQuery step = query.journal;
  step.count = limits::operator_page_count_max;
  bool has_more = true;
  for (std::size_t seen = 0; has_more && seen < limits::operator_search_count_max;
       seen += step.count) {
    const Result<std::vector<upload::UploadView>> page = co_await uploads.list(step);
    if (!page) {
      co_return fail(page.error());
    }
    has_more = page->size() == step.count;
    std::vector<Place> places;
    for (const upload::UploadView& view : *page) {
      step.after = view.record.id;
      if (is_found(view.record, query.search)) {
        places.push_back(place_of(view, query.order));
      }
    }
    first.add(std::move(places));
  }
  boost::json::array found;
  for (std::size_t i = query.skip; i < first.places().size(); ++i) {
    const Result<upload::UploadView> view = co_await uploads.find(first.places()[i].id);
    if (view) {
      found.push_back(summary_of(*view));
    } else if (view.error().code() != Errc::not_found &&
               view.error().code() != Errc::record_damaged) {
      co_return fail(view.error());
    }
  }
  boost::json::object document;
  document["uploads"] = std::move(found);
  document["matching"] = first.seen();
  if (has_more) {
    document["truncated"] = true;
  }
  if (end < first.seen()) {
    document["next"] = end;
  }
  co_return document;
}

}  // namespace

std::optional<std::uint64_t> upload_id_of(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && id > 0 && id <= limits::upload_id_max ? std::optional(id) : std::nullopt;
}

Result<ListQuery> list_query_of(std::string_view text) {
  const Result<std::vector<http::FormField>> fields = http::parse_urlencoded(text);
  if (!fields) {
    return fail(fields.error());
  }
  ListQuery list;
  for (const http::FormField& field : *fields) {
    if (!set(list, field)) {
      return fail(Errc::bad_request,
                  "expected state, owner, search, sort (id, name, owner, size, arrived or state), "
                  "reverse, after, skip and count; not " +
                      printable(field.name) + "=" + printable(field.value));
    }
  }
  return list;
}

Task<Result<boost::json::object>> list_page(upload::Operations& uploads, ListQuery query) {
  if (query.order == Order::id) {
    co_return co_await page_by_id(uploads, std::move(query));
  }
  co_return co_await page_in_order(uploads, std::move(query));
}

}  // namespace sluice::admin
