// SPDX-License-Identifier: MIT
#include "journal/video_table.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "journal/video_row.h"

namespace sluice::journal {

Result<> VideoTable::prepare() {
  const std::string select = "SELECT rowid FROM videos ";
  if (Result<> prepared = prepare_lists(); !prepared) {
    return prepared;
  }
  return connection_.prepare_all({
      {&put_,
       std::string("INSERT INTO videos (") + video_columns +
           ", weight) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
           " ON CONFLICT (id) DO UPDATE SET"
           " upload_id = excluded.upload_id, created_at = excluded.created_at,"
           " status = excluded.status, source_present = excluded.source_present,"
           " document = excluded.document, metadata = excluded.metadata, owner = excluded.owner,"
           " files_size = excluded.files_size, weight = excluded.weight"},
      {&remove_, "DELETE FROM videos WHERE id = ?"},
      {&find_, select + "WHERE id = ?"},
      {&find_by_rowid_, std::string("SELECT ") + video_columns + " FROM videos WHERE rowid = ?"},
      {&after_, select + "WHERE id > ? ORDER BY id"},
      {&leftover_, select +
                       "INDEXED BY videos_leftover WHERE status = 'deleted' AND source_present = 1"
                       " AND id > ? ORDER BY id"},
  });
}

// Rows that the partial indexes leave out are not looked at: skipping reads the index alone.
Result<> VideoTable::prepare_lists() {
  struct Kind {
    Lists& lists;
    std::string_view index;
    std::string_view condition;
    std::string_view total;
  };
  const std::array kinds{
      Kind{all_, "videos_listed", "status <> 'deleted' AND status <> 'stored'",
           "SELECT coalesce(sum(value), 0) FROM counters"
           " WHERE name >= 'videos.' AND name < 'videos/' AND name <> 'videos.deleted'"
           " AND name <> 'videos.stored'"},
      Kind{by_status_, "videos_by_status", "status = ? AND status <> 'deleted'",
           "SELECT coalesce(sum(value), 0) FROM counters"
           " WHERE name = 'videos.' || ? AND name <> 'videos.deleted'"},
      Kind{of_owner_, "videos_of_owner", "owner = ? AND status <> 'deleted' AND status <> 'stored'",
           "SELECT coalesce(sum(count), 0) FROM video_counts"
           " WHERE owner = ? AND status <> 'deleted' AND status <> 'stored'"},
      Kind{of_owner_by_status_, "videos_of_owner_by_status",
           "owner = ? AND status = ? AND status <> 'deleted'",
           "SELECT coalesce(sum(count), 0) FROM video_counts"
           " WHERE owner = ? AND status = ? AND status <> 'deleted'"},
  };
  for (const Kind& kind : kinds) {
    const auto list = [&kind](const std::string& what) {
      return "SELECT " + what + " FROM videos INDEXED BY " + std::string(kind.index) + " WHERE " +
             std::string(kind.condition) +
             " AND (created_at, rowid) < (?, ?) ORDER BY created_at DESC, rowid DESC LIMIT ";
    };
    const std::string skip = list("created_at, rowid") + "1 OFFSET ?";
    const std::string rows = list("created_at, rowid") + "?";
    const std::string total(kind.total);
    if (Result<> prepared = connection_.prepare_all(
            {{&kind.lists.total, total}, {&kind.lists.skip, skip}, {&kind.lists.rows, rows}});
        !prepared) {
      return prepared;
    }
  }
  return {};
}

Result<> VideoTable::put(const model::VideoRecord& record) {
  Execution execution(put_);
  bind_video(execution, record);
  return execution.finish();
}

Result<> VideoTable::remove(const std::string& id) {
  Execution execution(remove_);
  execution.bind_text(id);
  return execution.finish();
}

Result<std::optional<model::VideoRecord>> VideoTable::find(const std::string& id) {
  Execution execution(find_);
  execution.bind_text(id);
  const Result<bool> found = execution.step();
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  return find_by_rowid(execution.take_integer());
}

Result<std::optional<model::VideoRecord>> VideoTable::find_by_rowid(std::int64_t rowid) {
  Execution row(find_by_rowid_);
  row.bind(rowid);
  const Result<bool> found = row.step();
  if (!found && connection_.has_found_corruption()) {
    return fail(damaged_.add("videos", rowid, found.error().message()));
  }
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  auto record = take_video(row);
  if (!record) {
    return fail(damaged_.add("videos", rowid, record.error()));
  }
  return *std::move(record);
}

Result<std::vector<model::VideoRecord>> VideoTable::read(Execution& rowids, std::size_t count) {
  const auto read_one = [this](Execution& row) { return find_by_rowid(row.take_integer()); };
  return read_page<model::VideoRecord>(rowids, count, read_one);
}

VideoTable::Lists& VideoTable::lists_for(const VideoQuery& query) {
  if (query.owner) {
    return query.status ? of_owner_by_status_ : of_owner_;
  }
  return query.status ? by_status_ : all_;
}

void VideoTable::bind(Execution& execution, const VideoQuery& query) {
  if (query.owner) {
    execution.bind_text(*query.owner);
  }
  if (query.status) {
    execution.bind_text(*query.status);
  }
}

void VideoTable::bind(Execution& execution, const VideoPosition& position) {
  execution.bind(position.created_at);
  execution.bind(position.row);
}

Result<std::uint64_t> VideoTable::total(const VideoQuery& query) {
  Execution execution(lists_for(query).total);
  bind(execution, query);
  const Result<bool> counted = execution.step();
  if (!counted) {
    return fail(counted.error());
  }
  return static_cast<std::uint64_t>(execution.take_integer());
}

Result<bool> VideoTable::skip(const VideoQuery& query, std::size_t count, VideoPosition& position) {
  SLUICE_CHECK(count > 0);
  Execution execution(lists_for(query).skip);
  bind(execution, query);
  bind(execution, position);
  execution.bind_count(count - 1);
  const Result<bool> found = execution.step();
  if (found && *found) {
    position.created_at = execution.take_integer();
    position.row = execution.take_integer();
  }
  return found;
}

Result<std::vector<model::VideoRecord>> VideoTable::rows(const VideoQuery& query,
                                                         std::size_t& count,
                                                         VideoPosition& position) {
  Execution execution(lists_for(query).rows);
  bind(execution, query);
  bind(execution, position);
  execution.bind_count(count);
  std::vector<model::VideoRecord> records;
  std::size_t bytes = 0;
  while (bytes < limits::read_step_bytes) {
    const Result<bool> row = execution.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      break;
    }
    position.created_at = execution.take_integer();
    position.row = execution.take_integer();
    --count;
    Result<std::optional<model::VideoRecord>> record = find_by_rowid(position.row);
    if (!record && record.error().code() != Errc::record_damaged) {
      return fail(record.error());
    }
    if (record && *record) {
      bytes += (*record)->document.size() + (*record)->metadata.size();
      records.push_back(*std::move(*record));
    }
  }
  return records;
}

VideoListing::VideoListing(VideoTable& videos, VideoQuery query)
    : videos_(&videos), query_(std::move(query)), to_skip_(query_.offset), to_read_(query_.count) {}

std::optional<Result<VideoPage>> VideoListing::step() {
  const Result<bool> ended = advance();
  if (!ended) {
    return fail(ended.error());
  }
  if (!*ended) {
    return std::nullopt;
  }
  return std::move(page_);
}

Result<bool> VideoListing::advance() {
  if (!is_counted_) {
    const Result<std::uint64_t> total = videos_->total(query_);
    if (!total) {
      return fail(total.error());
    }
    page_.total = *total;
    is_counted_ = true;
    if (to_skip_ >= page_.total) {
      return true;
    }
  }
  if (to_skip_ > 0) {
    const std::size_t count = std::min(to_skip_, limits::read_step_entries);
    const Result<bool> skipped = videos_->skip(query_, count, position_);
    to_skip_ -= count;
    const bool goes_on = skipped && *skipped;
    return skipped ? Result<bool>(!goes_on) : skipped;
  }
  const std::size_t wanted = to_read_;
  Result<std::vector<model::VideoRecord>> rows = videos_->rows(query_, to_read_, position_);
  if (!rows) {
    return fail(rows.error());
  }
  std::ranges::move(*rows, std::back_inserter(page_.records));
  return to_read_ == 0 || to_read_ == wanted;
}

Result<std::vector<model::VideoRecord>> VideoTable::leftover(const std::string& after,
                                                             std::size_t count) {
  Execution execution(leftover_);
  execution.bind_text(after);
  return read(execution, count);
}

Result<std::vector<model::VideoRecord>> VideoTable::after(const std::string& id,
                                                          std::size_t count) {
  Execution execution(after_);
  execution.bind_text(id);
  return read(execution, count);
}

}  // namespace sluice::journal
