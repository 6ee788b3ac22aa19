// SPDX-License-Identifier: MIT
#include "console/table.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <compare>
#include <utility>

#include "admin/upload_document.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::console {
namespace {

using model::UploadState;
using Order = View::Order;

bool is_unfinished(UploadState state) {
  return state == UploadState::receiving || state == UploadState::received ||
         state == UploadState::delivering;
}

bool is_wanted(const Look::Item& item, const View& view) {
  if ((view.which == View::Which::unfinished && !is_unfinished(item.state)) ||
      (view.which == View::Which::in_state && item.state != view.state)) {
    return false;
  }
  const upload::LiveUpload& upload = *item.upload;
  const auto has = [&view](const std::string& text) {
    return to_lower(text).find(view.search) != std::string::npos;
  };
  return view.search.empty() || has(upload.file_name()) || has(upload.owner()) ||
         has(upload.dialect()) || std::to_string(upload.id()) == view.search;
}

// Between two requests an upload is not being written, and it shall keep its place.
constexpr std::chrono::seconds pause_max{10};

bool is_active(const Look::Item& item) {
  return item.is_being_written || item.silence < pause_max;
}

std::strong_ordering compare(const Look::Item& a, const Look::Item& b, Order order) {
  switch (order) {
    case Order::active:
      if (is_active(a) || is_active(b)) {
        return is_active(b) <=> is_active(a);
      }
      return a.silence <=> b.silence;
    case Order::name:
      return a.upload->file_name() <=> b.upload->file_name();
    case Order::owner:
      return a.upload->owner() <=> b.upload->owner();
    case Order::size:
      return b.upload->file_size().value_or(0) <=> a.upload->file_size().value_or(0);
    case Order::arrived:
      return b.arrived <=> a.arrived;
    case Order::state:
      return a.state <=> b.state;
    case Order::id:
      break;
  }
  return std::strong_ordering::equal;
}

// The newest first where nothing else tells two apart.
bool comes_before(const Look::Item& a, const Look::Item& b, Order order) {
  const std::strong_ordering ordering = compare(a, b, order);
  return ordering != 0 ? ordering < 0 : a.upload->id() > b.upload->id();
}

}  // namespace

Look look_at(upload::Operations& uploads, Timestamp now) {
  Look look{.at = now, .items = {}, .counts = {}};
  for (std::shared_ptr<const upload::LiveUpload>& upload : uploads.live()) {
    Look::Item item;
    item.state = upload->state();
    item.arrived = upload->arrived_bytes();
    item.is_being_written = upload->is_being_written();
    item.silence = upload->silence().value_or(Duration::max());
    item.upload = std::move(upload);
    ++look.counts[item.state];
    look.items.push_back(std::move(item));
  }
  return look;
}

std::string Table::update(const Look& look, const upload::Operations& uploads) {
  std::vector<const Look::Item*> wanted;
  for (const Look::Item& item : look.items) {
    if (is_wanted(item, view_)) {
      wanted.push_back(&item);
    }
  }
  const auto in_order = [this](const Look::Item* a, const Look::Item* b) {
    return view_.is_reversed ? comes_before(*b, *a, view_.order)
                             : comes_before(*a, *b, view_.order);
  };
  at_ = look.at;
  counts_ = look.counts;
  matching_ = wanted.size();
  const std::size_t shown = std::min(matching_, limits::console_rows_max);
  std::ranges::partial_sort(wanted, wanted.begin() + static_cast<std::ptrdiff_t>(shown), in_order);
  wanted.resize(shown);

  order_.clear();
  std::map<std::uint64_t, std::string> rows;
  std::vector<const std::string*> changed;
  for (const Look::Item* item : wanted) {
    const std::uint64_t id = item->upload->id();
    order_.push_back(id);
    const std::string& row =
        rows.emplace(id, boost::json::serialize(admin::summary_of(uploads.look_at(*item->upload))))
            .first->second;
    const auto known = rows_.find(id);
    if (known == rows_.end() || known->second != row) {
      changed.push_back(&row);
    }
  }
  rows_ = std::move(rows);
  return text(changed, false);
}

std::string Table::whole() const {
  std::vector<const std::string*> rows;
  rows.reserve(rows_.size());
  for (const auto& [id, row] : rows_) {
    rows.push_back(&row);
  }
  return text(rows, true);
}

std::string Table::text(const std::vector<const std::string*>& rows, bool is_whole) const {
  boost::json::object counts;
  for (const auto& [state, count] : counts_) {
    counts[model::to_text(state)] = count;
  }
  std::string text = "{\"at\":" + std::to_string(at_.time_since_epoch().count()) +
                     ",\"all\":" + (is_whole ? "true" : "false") +
                     ",\"counts\":" + boost::json::serialize(counts) +
                     ",\"matching\":" + std::to_string(matching_) + ",\"order\":[";
  const char* separator = "";
  for (const std::uint64_t id : order_) {
    text += std::exchange(separator, ",") + std::to_string(id);
  }
  text += "],\"rows\":[";
  separator = "";
  for (const std::string* row : rows) {
    text += std::exchange(separator, ",") + *row;
  }
  return text + "]}";
}

}  // namespace sluice::console
