// SPDX-License-Identifier: MIT
#include "journal/upload_table.h"

#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "journal/refusals.h"
#include "journal/upload_row.h"

namespace sluice::journal {
namespace {

std::string insertion() {
  std::string places = "?";  // That of the weight.
  for (int i = 0; i < upload_column_count; ++i) {
    places += ", ?";
  }
  return std::string("INSERT INTO uploads (") + upload_columns + ", weight) VALUES (" + places +
         ")";
}

}  // namespace

// INDEXED BY makes a query fail to prepare instead of scanning the table should its index be lost.
Result<> UploadTable::prepare() {
  const std::string select = std::string("SELECT ") + upload_columns + " FROM uploads ";
  const std::string update =
      "UPDATE uploads SET version = version + 1, file_size = coalesce(?, file_size),"
      " size_known = ?, state = ?, stored = ?, unsynced = ?, expires_at = ?, blob_present = ?, "
      "attempts = ?, next_attempt_at = ?, handoff_since = ?, failure = ?,"
      " cleared = ?, answer_status = ?, answer_headers = ?, answer_body = ?, answer_spilled = ?";
  const std::string promised =
      " FROM uploads INDEXED BY uploads_promised"
      " WHERE state = 'receiving' AND stored = '' AND file_size BETWEEN 0 AND " +
      std::to_string(limits::file_size_max);
  const std::string room = "CASE WHEN size_known THEN file_size ELSE min(file_size, " +
                           std::to_string(limits::unknown_size_room) + ") END";
  return connection_.prepare_all({
      {&insert_, insertion()},
      {&update_, update + " WHERE id = ? AND version = ?"},
      {&finish_,
       update +
           ", parameters = '{}', origin = '{}', partials = '', weight = 1 + (length(file_name)"
           " + length(content_type) + length(CAST(layout || words AS BLOB)) + ?) / " +
           std::to_string(limits::record_text_bytes) + " WHERE id = ? AND version = ?"},
      {&bury_,
       update +
           ", content_type = x'', parameters = '{}', origin = '{}', partials = '', file_name = x'',"
           " layout = '', words = '', weight = 1 WHERE id = ? AND version = ?"},
      // A few at a time: each burial brings one.
      {&forget_gone_,
       "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads INDEXED BY uploads_gone"
       " WHERE owner = (SELECT owner FROM uploads WHERE id = ?) AND blob_present = 0"
       " AND (state = 'aborted' OR state = 'expired') ORDER BY id DESC LIMIT 4 OFFSET " +
           std::to_string(limits::gone_uploads_per_owner_max) + ")"},
      {&remove_, "DELETE FROM uploads WHERE id = ?"},
      {&remove_version_, "DELETE FROM uploads WHERE id = ? AND version = ?"},
      {&id_of_, "SELECT id FROM uploads WHERE token = ?"},
      {&find_by_id_, select + "WHERE id = ?"},
      {&undelivered_,
       "SELECT id FROM uploads INDEXED BY uploads_undelivered"
       " WHERE state IN ('received', 'delivering') AND id > ? ORDER BY id"},
      {&due_,
       "SELECT id FROM uploads INDEXED BY uploads_due"
       " WHERE state <> 'received' AND state <> 'delivering' AND expires_at <= ?"
       " AND (expires_at, id) > (?, ?) ORDER BY expires_at, id"},
      {&leftover_,
       "SELECT id FROM uploads INDEXED BY uploads_leftover WHERE blob_present = 1"
       " AND (state = 'delivered' OR state = 'aborted' OR state = 'expired')"
       " AND id > ? ORDER BY id"},
      {&decided_,
       "SELECT next_attempt_at, id FROM uploads INDEXED BY uploads_decided WHERE blob_present = 1"
       " AND (state = 'refused' OR state = 'failed') AND (next_attempt_at, id) > (?, ?)"
       " AND next_attempt_at < ? ORDER BY next_attempt_at, id LIMIT ?"},
      {&unsynced_,
       "SELECT id FROM uploads INDEXED BY uploads_unsynced WHERE unsynced <> ''"
       " AND state = 'receiving' AND id > ? ORDER BY id"},
      {&unmade_,
       "SELECT id FROM uploads INDEXED BY uploads_unmade WHERE partials <> ''"
       " AND state = 'receiving' AND id > ? ORDER BY id"},
      {&counts_,
       "SELECT substr(name, 9), value FROM counters"
       " WHERE name >= 'uploads.' AND name < 'uploads/' AND value > 0"},
      {&list_, "SELECT id, state, owner FROM uploads WHERE id > ? ORDER BY id LIMIT ?"},
      {&list_newest_, "SELECT id, state, owner FROM uploads WHERE id < ? ORDER BY id DESC LIMIT ?"},
      {&after_, "SELECT id FROM uploads WHERE id > ? ORDER BY id"},
      {&last_id_, "SELECT value FROM counters WHERE name = 'last_upload_id'"},
      // total() does not overflow; it is exact up to 2^53 bytes, far above any disk.
      {&promised_, "SELECT CAST(total(" + room + ") AS INTEGER)" + promised},
      {&promised_to_owners_, "SELECT id, owner, " + room + promised + " AND owner <> ''"},
  });
}

Result<> UploadTable::create(const model::UploadRecord& record) {
  if (const Result<> fresh = expect_new(record.token); !fresh) {
    return fresh;
  }
  const UploadTexts texts(record);
  Execution execution(insert_);
  bind_upload(execution, record, texts);
  execution.bind_unsigned(texts.weight);
  return execution.finish();
}

Result<> UploadTable::update(const UpdateUpload& update) {
  if (!model::is_settled(update.progress)) {
    return change(update_, update);
  }
  if (!model::is_gone(update.progress.state)) {
    return change(finish_, update);
  }
  UpdateUpload buried = update;
  buried.progress.stored = {};
  if (Result<> done = change(bury_, buried); !done) {
    return done;
  }
  Execution execution(forget_gone_);
  execution.bind_unsigned(update.id);
  return execution.finish();
}

Result<> UploadTable::change(Statement& statement, const UpdateUpload& update) {
  const ProgressTexts texts(update.progress, update.layout);
  Execution execution(statement);
  if (update.progress.file_size) {
    execution.bind_unsigned(*update.progress.file_size);
  } else {
    execution.bind_null();
  }
  execution.bind(update.progress.file_size ? 1 : 0);
  bind_progress(execution, update.progress, texts);
  if (&statement == &finish_) {
    const std::optional<model::Answer>& answer = update.progress.answer;
    execution.bind_unsigned(answer ? answer->body.size() : 0);
  }
  execution.bind_unsigned(update.id);
  execution.bind_unsigned(update.progress.version);
  if (Result<> done = execution.finish(); !done) {
    return done;
  }
  return connection_.changes() == 0 ? fail(has_another_version(update.id)) : Result<>();
}

Result<> UploadTable::remove(const RemoveUpload& change) {
  Execution execution(change.version ? remove_version_ : remove_);
  execution.bind_unsigned(change.id);
  if (change.version) {
    execution.bind_unsigned(*change.version);
  }
  if (Result<> done = execution.finish(); !done) {
    return done;
  }
  const bool has_lost = change.version && connection_.changes() == 0;
  return has_lost ? fail(has_another_version(change.id)) : Result<>();
}

Result<> UploadTable::expect_new(const std::string& token) {
  Execution execution(id_of_);
  execution.bind_text(token);
  const Result<bool> known = execution.step();
  if (!known) {
    return fail(known.error());
  }
  return *known ? fail(token_is_taken()) : Result<>();
}

Result<std::optional<model::UploadRecord>> UploadTable::find(const std::string& token) {
  Execution execution(id_of_);
  execution.bind_text(token);
  const Result<bool> found = execution.step();
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  return find_by_id(static_cast<std::uint64_t>(execution.take_integer()));
}

Result<std::optional<model::UploadRecord>> UploadTable::find_by_id(std::uint64_t id) {
  Execution row(find_by_id_);
  row.bind_unsigned(id);
  const Result<bool> found = row.step();
  if (!found && connection_.has_found_corruption()) {
    return fail(damaged_.add("uploads", static_cast<std::int64_t>(id), found.error().message()));
  }
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  auto record = take_upload(row);
  if (!record) {
    return fail(damaged_.add("uploads", static_cast<std::int64_t>(id), record.error()));
  }
  return *std::move(record);
}

Result<std::vector<model::UploadRecord>> UploadTable::read(Execution& ids, std::size_t count) {
  const auto read_one = [this](Execution& row) {
    return find_by_id(static_cast<std::uint64_t>(row.take_integer()));
  };
  return read_page<model::UploadRecord>(ids, count, read_one);
}

Result<std::vector<model::UploadRecord>> UploadTable::undelivered(std::uint64_t after,
                                                                  std::size_t count) {
  Execution execution(undelivered_);
  execution.bind_unsigned(after);
  return read(execution, count);
}

Result<std::vector<model::UploadRecord>> UploadTable::due(Timestamp now, ExpiryPosition after,
                                                          std::size_t count) {
  Execution execution(due_);
  execution.bind_time(now);
  execution.bind_time(after.expires_at);
  execution.bind_unsigned(after.id);
  return read(execution, count);
}

Result<std::vector<model::UploadRecord>> UploadTable::leftover_blobs(std::uint64_t after,
                                                                     std::size_t count) {
  Execution execution(leftover_);
  execution.bind_unsigned(after);
  return read(execution, count);
}

Result<std::vector<Decided>> UploadTable::decided(Decided after, Timestamp until,
                                                  std::size_t count) {
  Execution execution(decided_);
  execution.bind_time(after.at);
  execution.bind_unsigned(after.id);
  execution.bind_time(until);
  execution.bind_count(count);
  std::vector<Decided> found;
  const Result<> read = execution.each_row([&] {
    const Timestamp at{std::chrono::milliseconds(execution.take_integer())};
    found.push_back({at, static_cast<std::uint64_t>(execution.take_integer())});
  });
  if (!read) {
    return fail(read.error());
  }
  return found;
}

Result<std::vector<model::UploadRecord>> UploadTable::unsynced(std::uint64_t after,
                                                               std::size_t count) {
  Execution execution(unsynced_);
  execution.bind_unsigned(after);
  return read(execution, count);
}

Result<std::vector<model::UploadRecord>> UploadTable::unmade(std::uint64_t after,
                                                             std::size_t count) {
  Execution execution(unmade_);
  execution.bind_unsigned(after);
  return read(execution, count);
}

Result<std::map<model::UploadState, std::uint64_t>> UploadTable::counts() {
  std::map<model::UploadState, std::uint64_t> counts;
  Execution execution(counts_);
  const Result<> read = execution.each_row([&] {
    const std::optional<model::UploadState> state =
        model::upload_state_from_text(execution.take_bytes());
    if (state) {
      counts[*state] = static_cast<std::uint64_t>(execution.take_integer());
    }
  });
  if (!read) {
    return fail(read.error());
  }
  return counts;
}

Result<bool> UploadTable::list_some(UploadQuery& query, std::vector<model::UploadRecord>& page) {
  Execution rows(query.is_newest_first ? list_newest_ : list_);
  const bool is_begin = query.is_newest_first && query.after == 0;
  rows.bind_unsigned(is_begin ? limits::upload_id_max + 1 : query.after);
  rows.bind_count(limits::read_step_entries);
  std::size_t seen = 0;
  for (std::size_t bytes = 0; page.size() < query.count && bytes < limits::read_step_bytes;
       ++seen) {
    const Result<bool> row = rows.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return seen < limits::read_step_entries;
    }
    query.after = static_cast<std::uint64_t>(rows.take_integer());
    const std::string state = rows.take_bytes();
    const std::string owner = rows.take_bytes();
    if ((query.state && to_text(*query.state) != state) || (query.owner && *query.owner != owner)) {
      continue;
    }
    Result<std::optional<model::UploadRecord>> record = find_by_id(query.after);
    if (!record && record.error().code() != Errc::record_damaged) {
      return fail(record.error());
    }
    if (record && *record) {
      bytes += (*record)->parameters.size() + (*record)->origin.size();
      page.push_back(*std::move(*record));
    }
  }
  return page.size() == query.count;
}

Result<std::vector<model::UploadRecord>> UploadTable::after(std::uint64_t id, std::size_t count) {
  Execution execution(after_);
  execution.bind_unsigned(id);
  return read(execution, count);
}

Result<std::uint64_t> UploadTable::last_id() {
  Execution execution(last_id_);
  const Result<bool> row = execution.step();
  if (!row) {
    return fail(row.error());
  }
  if (!*row) {
    return fail(Errc::storage_failed,
                "journal " + connection_.path() + " has lost its counter last_upload_id");
  }
  return static_cast<std::uint64_t>(execution.take_integer());
}

Result<std::uint64_t> UploadTable::promised_bytes() {
  Execution execution(promised_);
  const Result<bool> row = execution.step();
  if (!row) {
    return fail(row.error());
  }
  SLUICE_CHECK(*row);
  return static_cast<std::uint64_t>(execution.take_integer());
}

Result<std::vector<PromisedRoom>> UploadTable::promised_to_owners() {
  Execution execution(promised_to_owners_);
  std::vector<PromisedRoom> rooms;
  const Result<> read = execution.each_row([&] {
    PromisedRoom room;
    room.upload_id = static_cast<std::uint64_t>(execution.take_integer());
    room.owner = execution.take_bytes();
    room.bytes = static_cast<std::uint64_t>(execution.take_integer());
    rooms.push_back(std::move(room));
  });
  if (!read) {
    return fail(read.error());
  }
  return rooms;
}

}  // namespace sluice::journal
