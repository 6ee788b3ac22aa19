// SPDX-License-Identifier: MIT
#include "journal/video_table.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/limits.h"

namespace sluice::journal {
namespace {

void bind_count(Execution& execution, std::size_t count) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  execution.bind_unsigned(std::min<std::uint64_t>(count, most));
}

VideoRecord read_row(Execution& row) {
  VideoRecord record;
  record.id = row.take_bytes();
  record.upload_id = static_cast<std::uint64_t>(row.take_integer());
  record.created_at = Timestamp(std::chrono::milliseconds(row.take_integer()));
  record.status = row.take_bytes();
  record.source_present = row.take_integer() != 0;
  record.document = row.take_bytes();
  record.metadata = row.take_bytes();
  record.owner = row.take_bytes();
  record.files_size = static_cast<std::uint64_t>(row.take_integer());
  return record;
}

Result<std::vector<VideoRecord>> read_rows(Execution& rows) {
  std::vector<VideoRecord> records;
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return records;
    }
    records.push_back(read_row(rows));
  }
}

}  // namespace

Result<> VideoTable::prepare() {
  const std::string select =
      "SELECT id, upload_id, created_at, status, source_present, document, metadata, owner,"
      " files_size FROM videos ";
  const std::string newest_first = " ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?";
  return connection_.prepare_all({
      {&put_,
       "INSERT INTO videos (id, upload_id, created_at, status, source_present, document, metadata,"
       " owner, files_size, weight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
       " ON CONFLICT (id) DO UPDATE SET"
       " upload_id = excluded.upload_id, created_at = excluded.created_at,"
       " status = excluded.status, source_present = excluded.source_present,"
       " document = excluded.document, metadata = excluded.metadata, owner = excluded.owner,"
       " files_size = excluded.files_size, weight = excluded.weight"},
      {&remove_, "DELETE FROM videos WHERE id = ?"},
      {&find_, select + "WHERE id = ?"},
      {&list_, select + "INDEXED BY videos_listed WHERE status <> 'deleted'" + newest_first},
      {&list_by_status_, select +
                             "INDEXED BY videos_by_status"
                             " WHERE status = ? AND status <> 'deleted'" +
                             newest_first},
      {&list_of_owner_, select +
                            "INDEXED BY videos_of_owner WHERE owner = ? AND status <> 'deleted'" +
                            newest_first},
      {&list_of_owner_by_status_, select +
                                      "INDEXED BY videos_of_owner_by_status"
                                      " WHERE owner = ? AND status = ? AND status <> 'deleted'" +
                                      newest_first},
      {&total_of_owner_,
       "SELECT count(*) FROM videos INDEXED BY videos_of_owner"
       " WHERE owner = ? AND status <> 'deleted'"},
      {&total_of_owner_by_status_,
       "SELECT count(*) FROM videos INDEXED BY videos_of_owner_by_status"
       " WHERE owner = ? AND status = ? AND status <> 'deleted'"},
      {&total_,
       "SELECT coalesce(sum(value), 0) FROM counters"
       " WHERE name >= 'videos.' AND name < 'videos/' AND name <> 'videos.deleted'"},
      {&total_by_status_,
       "SELECT coalesce(sum(value), 0) FROM counters"
       " WHERE name = 'videos.' || ? AND name <> 'videos.deleted'"},
      {&after_, select + "WHERE id > ? ORDER BY id LIMIT ?"},
      {&leftover_,
       select +
           "INDEXED BY videos_leftover WHERE status = 'deleted' AND source_present = 1 LIMIT ?"},
  });
}

Result<> VideoTable::put(const VideoRecord& record) {
  Execution execution(put_);
  execution.bind_text(record.id);
  execution.bind_unsigned(record.upload_id);
  execution.bind(record.created_at.time_since_epoch().count());
  execution.bind_text(record.status);
  execution.bind(record.source_present ? 1 : 0);
  execution.bind_text(record.document);
  execution.bind_text(record.metadata);
  execution.bind_text(record.owner);
  execution.bind_unsigned(record.files_size);
  execution.bind_unsigned(1 + (record.document.size() + record.metadata.size()) /
                                  limits::record_text_bytes);
  return execution.finish();
}

Result<> VideoTable::remove(const std::string& id) {
  Execution execution(remove_);
  execution.bind_text(id);
  return execution.finish();
}

Result<std::optional<VideoRecord>> VideoTable::find(const std::string& id) {
  Execution execution(find_);
  execution.bind_text(id);
  const Result<bool> found = execution.step();
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  return read_row(execution);
}

Statement& VideoTable::rows_for(const VideoQuery& query) {
  if (query.owner) {
    return query.status ? list_of_owner_by_status_ : list_of_owner_;
  }
  return query.status ? list_by_status_ : list_;
}

Statement& VideoTable::total_for(const VideoQuery& query) {
  if (query.owner) {
    return query.status ? total_of_owner_by_status_ : total_of_owner_;
  }
  return query.status ? total_by_status_ : total_;
}

Result<VideoPage> VideoTable::list(const VideoQuery& query) {
  Execution rows(rows_for(query));
  Execution total(total_for(query));
  if (query.owner) {
    rows.bind_text(*query.owner);
    total.bind_text(*query.owner);
  }
  if (query.status) {
    rows.bind_text(*query.status);
    total.bind_text(*query.status);
  }
  bind_count(rows, query.count);
  bind_count(rows, query.offset);
  Result<std::vector<VideoRecord>> records = read_rows(rows);
  if (!records) {
    return fail(records.error());
  }
  const Result<bool> counted = total.step();
  if (!counted) {
    return fail(counted.error());
  }
  VideoPage page;
  page.records = std::move(*records);
  page.total = static_cast<std::uint64_t>(total.take_integer());
  return page;
}

Result<std::vector<VideoRecord>> VideoTable::leftover(std::size_t count) {
  Execution execution(leftover_);
  bind_count(execution, count);
  return read_rows(execution);
}

Result<std::vector<VideoRecord>> VideoTable::after(const std::string& id, std::size_t count) {
  Execution execution(after_);
  execution.bind_text(id);
  bind_count(execution, count);
  return read_rows(execution);
}

}  // namespace sluice::journal
