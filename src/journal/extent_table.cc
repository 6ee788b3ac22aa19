// SPDX-License-Identifier: MIT
#include "journal/extent_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"
#include "journal/refusals.h"

namespace sluice::journal {
namespace {

// Of a row that this program has not written, or the disk has changed.
bool is_possible(ByteRange range, std::uint64_t object_begin) {
  return range.begin < range.end && range.end <= limits::file_size_max &&
         object_begin <= limits::file_size_max;
}

}  // namespace

// Rows do not overlap: before `first` there is one at the most that reaches beyond it.
Result<> ExtentTable::prepare() {
  const std::string reaching =
      " FROM extents WHERE upload_id = ?1 AND first >= coalesce((SELECT max(first) FROM extents"
      " WHERE upload_id = ?1 AND first <= ?2), 0) AND last >= ?2 AND first < ?3 ORDER BY first";
  return connection_.prepare_all({
      {&insert_,
       "INSERT INTO extents (upload_id, first, last, object, object_begin) VALUES (?, ?, ?, ?, ?)"},
      {&remove_,
       "DELETE FROM extents WHERE upload_id = ? AND first = ? AND last = ? AND object = ?"
       " AND object_begin = ?"},
      {&covered_, "SELECT first, last" + reaching},
      {&read_, "SELECT rowid, first, last, object, object_begin" + reaching + " LIMIT ?4"},
      {&has_any_, "SELECT EXISTS (SELECT 1 FROM extents)"},
      {&remove_all_, "DELETE FROM extents WHERE upload_id = ? AND last >= ? AND first < ?"},
  });
}

Result<> ExtentTable::add(std::uint64_t upload_id, const std::vector<model::Extent>& extents) {
  for (const model::Extent& extent : extents) {
    const Result<RangeSet> there = covered(upload_id, extent.range);
    if (!there) {
      return fail(there.error());
    }
    for (const model::Extent& part : model::uncovered({extent}, *there)) {
      if (Result<> inserted = insert(upload_id, part); !inserted) {
        return inserted;
      }
    }
  }
  return {};
}

Result<> ExtentTable::replace(const ReplaceExtents& change) {
  if (!model::cover_the_same(change.old, change.made)) {
    return fail(extents_of_other_bytes());
  }
  for (const model::Extent& extent : change.old) {
    const Result<bool> removed = remove(change.upload_id, extent);
    if (!removed) {
      return fail(removed.error());
    }
    if (!*removed) {
      return fail(has_other_extents(change.upload_id));
    }
  }
  for (const model::Extent& extent : change.made) {
    if (Result<> inserted = insert(change.upload_id, extent); !inserted) {
      return inserted;
    }
  }
  return {};
}

Result<std::vector<model::Extent>> ExtentTable::read(std::uint64_t upload_id, std::uint64_t from,
                                                     std::size_t count) {
  Execution execution(read_);
  execution.bind_unsigned(upload_id);
  execution.bind_unsigned(from);
  execution.bind_unsigned(limits::file_size_max);
  execution.bind_count(count);
  std::vector<model::Extent> extents;
  for (;;) {
    const Result<bool> row = execution.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return extents;
    }
    const std::int64_t rowid = execution.take_integer();
    model::Extent extent;
    extent.range.begin = static_cast<std::uint64_t>(execution.take_integer());
    extent.range.end = static_cast<std::uint64_t>(execution.take_integer()) + 1;
    extent.object = execution.take_bytes();
    extent.object_begin = static_cast<std::uint64_t>(execution.take_integer());
    if (!is_possible(extent.range, extent.object_begin)) {
      return fail(damaged_.add("extents", rowid, "range"));
    }
    extents.push_back(std::move(extent));
  }
}

Result<> ExtentTable::remove_all(std::uint64_t upload_id, ByteRange range) {
  Execution execution(remove_all_);
  execution.bind_unsigned(upload_id);
  execution.bind_unsigned(range.begin);
  execution.bind_unsigned(std::min(range.end, limits::file_size_max));
  return execution.finish();
}

Result<bool> ExtentTable::has_any() {
  Execution execution(has_any_);
  const Result<bool> row = execution.step();
  if (!row) {
    return fail(row.error());
  }
  return *row && execution.take_integer() != 0;
}

Result<RangeSet> ExtentTable::covered(std::uint64_t upload_id, ByteRange range) {
  Execution execution(covered_);
  execution.bind_unsigned(upload_id);
  execution.bind_unsigned(range.begin);
  execution.bind_unsigned(range.end);
  RangeSet there;
  const Result<> read = execution.each_row([&] {
    const auto first = static_cast<std::uint64_t>(execution.take_integer());
    there.add({first, static_cast<std::uint64_t>(execution.take_integer()) + 1});
  });
  if (!read) {
    return fail(read.error());
  }
  return there;
}

Result<> ExtentTable::insert(std::uint64_t upload_id, const model::Extent& extent) {
  Execution execution(insert_);
  execution.bind_unsigned(upload_id);
  execution.bind_unsigned(extent.range.begin);
  execution.bind_unsigned(extent.range.end - 1);
  execution.bind_text(extent.object);
  execution.bind_unsigned(extent.object_begin);
  return execution.finish();
}

Result<bool> ExtentTable::remove(std::uint64_t upload_id, const model::Extent& extent) {
  Execution execution(remove_);
  execution.bind_unsigned(upload_id);
  execution.bind_unsigned(extent.range.begin);
  execution.bind_unsigned(extent.range.end - 1);
  execution.bind_text(extent.object);
  execution.bind_unsigned(extent.object_begin);
  if (const Result<> done = execution.finish(); !done) {
    return fail(done.error());
  }
  return connection_.changes() == 1;
}

}  // namespace sluice::journal
