// SPDX-License-Identifier: MIT
#include "journal/upload_table.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "journal/answer_headers.h"

namespace sluice::journal {
namespace {

void bind_time(Execution& execution, Timestamp time) {
  execution.bind(time.time_since_epoch().count());
}

Timestamp take_time(Execution& row) {
  return Timestamp(std::chrono::milliseconds(row.take_integer()));
}

void bind_count(Execution& execution, std::size_t count) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  execution.bind_unsigned(std::min<std::uint64_t>(count, most));
}

// Of a file with an open end: as a range of `unsynced`, it goes where a power cut takes those.
ByteRange open_end(const UploadProgress& progress) {
  return {progress.stored.prefix(), limits::file_size_max};
}

RangeSet with_open_end(const UploadProgress& progress) {
  RangeSet unsynced = progress.unsynced;
  if (progress.open_ended) {
    unsynced.add(open_end(progress));
  }
  return unsynced;
}

// The texts that a progress becomes; they must live while they are bound.
struct ProgressTexts {
  explicit ProgressTexts(const UploadProgress& progress)
      : stored(progress.stored.to_text()), unsynced(with_open_end(progress).to_text()) {
    if (progress.answer) {
      headers = answer_headers_to_text(progress.answer->headers);
    }
  }

  std::string stored;
  std::string unsynced;
  std::string headers;
};

void bind_progress(Execution& execution, const UploadProgress& progress,
                   const ProgressTexts& texts) {
  execution.bind_text(to_text(progress.state));
  execution.bind_text(texts.stored);
  execution.bind_text(texts.unsynced);
  bind_time(execution, progress.expires_at);
  execution.bind(progress.blob_present ? 1 : 0);
  execution.bind_unsigned(progress.attempts);
  bind_time(execution, progress.next_attempt_at);
  bind_time(execution, progress.handoff_since);
  execution.bind_blob(progress.failure);
  if (!progress.answer) {
    execution.bind_null();
    execution.bind_null();
    execution.bind_null();
    execution.bind(0);
    return;
  }
  execution.bind(progress.answer->status);
  execution.bind_text(texts.headers);
  execution.bind_blob(progress.answer->body);
  execution.bind_unsigned(progress.answer->spilled_bytes);
}

// False when a text is none of ours.
bool take_progress(Execution& row, UploadProgress& progress) {
  const std::optional<UploadState> state = upload_state_from_text(row.take_bytes());
  std::optional<RangeSet> stored = RangeSet::from_text(row.take_bytes());
  std::optional<RangeSet> unsynced = RangeSet::from_text(row.take_bytes());
  if (!state || !stored || !unsynced) {
    return false;
  }
  progress.state = *state;
  progress.stored = std::move(*stored);
  progress.unsynced = std::move(*unsynced);
  progress.open_ended = progress.unsynced.contains(open_end(progress));
  if (progress.open_ended) {
    progress.unsynced.remove(open_end(progress));
  }
  progress.expires_at = take_time(row);
  progress.blob_present = row.take_integer() != 0;
  progress.attempts = static_cast<unsigned>(row.take_integer());
  progress.next_attempt_at = take_time(row);
  progress.handoff_since = take_time(row);
  progress.failure = row.take_bytes();
  if (row.next_is_null()) {
    return true;
  }
  Answer answer;
  answer.status = static_cast<int>(row.take_integer());
  auto headers = answer_headers_from_text(row.take_bytes());
  if (!headers) {
    return false;
  }
  answer.headers = std::move(*headers);
  answer.body = row.take_bytes();
  answer.spilled_bytes = static_cast<std::uint64_t>(row.take_integer());
  progress.answer = std::move(answer);
  return true;
}

// How many records of 4 KiB the upload counts as.
std::uint64_t weight_of(std::size_t text_bytes) {
  return 1 + text_bytes / limits::record_text_bytes;
}

}  // namespace

// INDEXED BY makes a query fail to prepare instead of scanning the table should its index be lost.
Result<> UploadTable::prepare() {
  const std::string select =
      "SELECT id, token, file_name, file_size, content_type, parameters, origin, owner, layout,"
      " created_at, state, stored, unsynced, expires_at, blob_present, attempts,"
      " next_attempt_at, handoff_since, failure, answer_status, answer_headers, answer_body, "
      "answer_spilled"
      " FROM uploads ";
  const std::string update =
      "UPDATE uploads SET state = ?, stored = ?, unsynced = ?, expires_at = ?,"
      " blob_present = ?, attempts = ?, next_attempt_at = ?, handoff_since = ?, failure = ?,"
      " answer_status = ?, answer_headers = ?, answer_body = ?, answer_spilled = ?";
  return connection_.prepare_all({
      {&insert_,
       "INSERT INTO uploads (id, token, file_name, file_size, content_type, parameters, origin,"
       " owner, layout, created_at, state, stored, unsynced, expires_at, blob_present, attempts,"
       " next_attempt_at, handoff_since, failure, answer_status, answer_headers, answer_body,"
       " answer_spilled, weight)"
       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&identify_,
       "UPDATE uploads SET file_size = ?, file_name = ?, content_type = ?, parameters = ?,"
       " origin = ?, owner = ?, weight = ? WHERE id = ? AND state = 'receiving'"},
      {&update_, update + " WHERE id = ?"},
      {&finish_, update +
                     ", content_type = x'', parameters = '{}', origin = '{}',"
                     " weight = 1 + (length(file_name) + length(CAST(layout AS BLOB)) + ?) / " +
                     std::to_string(limits::record_text_bytes) + " WHERE id = ?"},
      {&bury_, update + ", content_type = x'', parameters = '{}', origin = '{}', file_name = x'',"
                        " layout = '', weight = 1 WHERE id = ?"},
      // A few at a time: each burial brings one.
      {&forget_gone_,
       "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads INDEXED BY uploads_gone"
       " WHERE owner = (SELECT owner FROM uploads WHERE id = ?) AND blob_present = 0"
       " AND (state = 'aborted' OR state = 'expired') ORDER BY id DESC LIMIT 4 OFFSET " +
           std::to_string(limits::gone_uploads_per_owner_max) + ")"},
      {&remove_, "DELETE FROM uploads WHERE id = ?"},
      {&find_, select + "WHERE token = ?"},
      {&find_by_id_, select + "WHERE id = ?"},
      {&undelivered_,
       select + "INDEXED BY uploads_undelivered"
                " WHERE state IN ('received', 'delivering') AND id > ? ORDER BY id LIMIT ?"},
      {&due_, select + "INDEXED BY uploads_by_expiry"
                       " WHERE state IN ('receiving', 'delivered', 'refused', 'failed',"
                       " 'aborted', 'expired') AND expires_at <= ? LIMIT ?"},
      {&leftover_, select + "INDEXED BY uploads_leftover WHERE blob_present = 1"
                            " AND (state = 'delivered' OR state = 'aborted' OR state = 'expired')"
                            " LIMIT ?"},
      {&decided_,
       "SELECT next_attempt_at, id FROM uploads INDEXED BY uploads_decided WHERE blob_present = 1"
       " AND (state = 'refused' OR state = 'failed') AND (next_attempt_at, id) > (?, ?)"
       " AND next_attempt_at < ? ORDER BY next_attempt_at, id LIMIT ?"},
      {&unsynced_, select + "INDEXED BY uploads_unsynced WHERE unsynced <> ''"
                            " AND state = 'receiving' AND id > ? ORDER BY id LIMIT ?"},
      {&counts_,
       "SELECT substr(name, 9), value FROM counters"
       " WHERE name >= 'uploads.' AND name < 'uploads/' AND value > 0"},
      {&after_, select + "WHERE id > ? ORDER BY id LIMIT ?"},
      {&last_id_, "SELECT value FROM counters WHERE name = 'last_upload_id'"},
      // total() does not overflow; it is exact up to 2^53 bytes, far above any disk.
      {&promised_,
       "SELECT CAST(total(file_size) AS INTEGER) FROM uploads INDEXED BY uploads_promised"
       " WHERE state = 'receiving' AND stored = ''"},
  });
}

Result<> UploadTable::create(const UploadRecord& record) {
  const std::string layout = record.layout ? layout_to_text(*record.layout) : "";
  const ProgressTexts texts(record.progress);
  Execution execution(insert_);
  execution.bind_unsigned(record.id);
  execution.bind_text(record.token);
  execution.bind_blob(record.file_name);
  execution.bind_unsigned(record.file_size);
  execution.bind_blob(record.content_type);
  execution.bind_text(record.parameters);
  execution.bind_text(record.origin);
  execution.bind_text(record.owner);
  execution.bind_text(layout);
  bind_time(execution, record.created_at);
  bind_progress(execution, record.progress, texts);
  execution.bind_unsigned(weight_of(record.file_name.size() + record.content_type.size() +
                                    record.parameters.size() + record.origin.size() +
                                    layout.size()));
  return execution.finish();
}

Result<> UploadTable::identify(const IdentifyUpload& change) {
  Execution execution(identify_);
  execution.bind_unsigned(change.file_size);
  execution.bind_blob(change.file_name);
  execution.bind_blob(change.content_type);
  execution.bind_text(change.parameters);
  execution.bind_text(change.origin);
  execution.bind_text(change.owner);
  execution.bind_unsigned(weight_of(change.file_name.size() + change.content_type.size() +
                                    change.parameters.size() + change.origin.size()));
  execution.bind_unsigned(change.id);
  if (Result<> done = execution.finish(); !done) {
    return done;
  }
  return expect_one_change(change.id);
}

Result<> UploadTable::update(std::uint64_t id, const UploadProgress& progress) {
  if (!is_settled(progress)) {
    return change(update_, id, progress);
  }
  if (!is_gone(progress.state)) {
    return change(finish_, id, progress);
  }
  UploadProgress buried = progress;
  buried.stored = {};
  if (Result<> done = change(bury_, id, buried); !done) {
    return done;
  }
  Execution execution(forget_gone_);
  execution.bind_unsigned(id);
  return execution.finish();
}

Result<> UploadTable::change(Statement& statement, std::uint64_t id,
                             const UploadProgress& progress) {
  const ProgressTexts texts(progress);
  Execution execution(statement);
  bind_progress(execution, progress, texts);
  if (&statement == &finish_) {
    execution.bind_unsigned(progress.answer ? progress.answer->body.size() : 0);
  }
  execution.bind_unsigned(id);
  if (Result<> done = execution.finish(); !done) {
    return done;
  }
  return expect_one_change(id);
}

Result<> UploadTable::expect_one_change(std::uint64_t id) const {
  if (connection_.changes() != 1) {
    return fail(Errc::internal, "journal " + connection_.path() + ": upload " + std::to_string(id) +
                                    " is to change and is not there");
  }
  return {};
}

Result<> UploadTable::remove(std::uint64_t id) {
  Execution execution(remove_);
  execution.bind_unsigned(id);
  return execution.finish();
}

Result<std::optional<UploadRecord>> UploadTable::find(const std::string& token) {
  Execution execution(find_);
  execution.bind_text(token);
  return read_one(execution);
}

Result<std::optional<UploadRecord>> UploadTable::find_by_id(std::uint64_t id) {
  Execution execution(find_by_id_);
  execution.bind_unsigned(id);
  return read_one(execution);
}

Result<std::vector<UploadRecord>> UploadTable::undelivered(std::uint64_t after, std::size_t count) {
  Execution execution(undelivered_);
  execution.bind_unsigned(after);
  bind_count(execution, count);
  return read_rows(execution);
}

Result<std::vector<UploadRecord>> UploadTable::due(Timestamp now, std::size_t count) {
  Execution execution(due_);
  bind_time(execution, now);
  bind_count(execution, count);
  return read_rows(execution);
}

Result<std::vector<UploadRecord>> UploadTable::leftover_blobs(std::size_t count) {
  Execution execution(leftover_);
  bind_count(execution, count);
  return read_rows(execution);
}

Result<std::vector<Decided>> UploadTable::decided(Decided after, Timestamp until,
                                                  std::size_t count) {
  Execution execution(decided_);
  bind_time(execution, after.at);
  execution.bind_unsigned(after.id);
  bind_time(execution, until);
  bind_count(execution, count);
  std::vector<Decided> found;
  for (;;) {
    const Result<bool> row = execution.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return found;
    }
    const Timestamp at = take_time(execution);
    found.push_back({at, static_cast<std::uint64_t>(execution.take_integer())});
  }
}

Result<std::vector<UploadRecord>> UploadTable::unsynced(std::uint64_t after, std::size_t count) {
  Execution execution(unsynced_);
  execution.bind_unsigned(after);
  bind_count(execution, count);
  return read_rows(execution);
}

Result<std::map<UploadState, std::uint64_t>> UploadTable::counts() {
  std::map<UploadState, std::uint64_t> counts;
  Execution execution(counts_);
  for (;;) {
    const Result<bool> row = execution.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return counts;
    }
    const std::optional<UploadState> state = upload_state_from_text(execution.take_bytes());
    if (state) {
      counts[*state] = static_cast<std::uint64_t>(execution.take_integer());
    }
  }
}

Result<std::vector<UploadRecord>> UploadTable::after(std::uint64_t id, std::size_t count) {
  Execution execution(after_);
  execution.bind_unsigned(id);
  bind_count(execution, count);
  return read_rows(execution);
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

Result<UploadRecord> UploadTable::read_row(Execution& row) const {
  UploadRecord record;
  record.id = static_cast<std::uint64_t>(row.take_integer());
  record.token = row.take_bytes();
  record.file_name = row.take_bytes();
  record.file_size = static_cast<std::uint64_t>(row.take_integer());
  record.content_type = row.take_bytes();
  record.parameters = row.take_bytes();
  record.origin = row.take_bytes();
  record.owner = row.take_bytes();
  const std::string layout = row.take_bytes();
  if (!layout.empty()) {
    record.layout = layout_from_text(layout);
  }
  record.created_at = take_time(row);
  const bool has_layout =
      layout.empty() || (record.layout && record.layout->total_size() == record.file_size);
  if (!take_progress(row, record.progress) || !has_layout) {
    return fail(Errc::storage_failed, "journal " + connection_.path() + ": the row of upload " +
                                          std::to_string(record.id) + " is damaged");
  }
  return record;
}

Result<std::optional<UploadRecord>> UploadTable::read_one(Execution& row) const {
  const Result<bool> found = row.step();
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return std::nullopt;
  }
  return read_row(row);
}

Result<std::vector<UploadRecord>> UploadTable::read_rows(Execution& rows) const {
  std::vector<UploadRecord> records;
  for (;;) {
    const Result<bool> row = rows.step();
    if (!row) {
      return fail(row.error());
    }
    if (!*row) {
      return records;
    }
    Result<UploadRecord> record = read_row(rows);
    if (!record) {
      return fail(record.error());
    }
    records.push_back(std::move(*record));
  }
}

}  // namespace sluice::journal
