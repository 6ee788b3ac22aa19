// SPDX-License-Identifier: MIT
#include "journal/postgres/upload_queries.h"

#include "base/limits.h"
#include "journal/postgres/failure.h"
#include "journal/upload_row.h"

namespace sluice::journal::postgres {
namespace {

// The places of an update: the columns of its progress, and behind them:
constexpr int progress_places = 16;
constexpr const char* id_and_version = " WHERE id = $17 AND version = $18";

std::string expect_change(const std::string& change) {
  return "WITH changed AS (" + change +
         " RETURNING 1) SELECT sluice_expect(EXISTS (SELECT FROM changed), '" + conflict_state +
         "')";
}

std::string update_setting(const std::string& more) {
  return expect_change(
      "UPDATE uploads SET version = version + 1, file_size = coalesce($1, file_size),"
      " size_known = $2, state = $3, stored = $4, unsynced = $5, expires_at = $6,"
      " blob_present = $7, attempts = $8, next_attempt_at = $9, handoff_since = $10, failure = $11,"
      " cleared = $12, answer_status = $13, answer_headers = $14, answer_body = $15,"
      " answer_spilled = $16" +
      more + id_and_version);
}

std::string select_uploads(const std::string& rest) {
  return std::string("SELECT ") + upload_columns + " FROM uploads WHERE " + rest;
}

std::string step_of_list(const std::string& columns, bool is_newest_first) {
  const std::string begin = is_newest_first ? "id < $1" : "id > $1";
  const std::string order = is_newest_first ? " ORDER BY id DESC" : " ORDER BY id";
  return "SELECT " + columns + " FROM (SELECT * FROM uploads WHERE " + begin + order + " LIMIT " +
         std::to_string(limits::read_step_entries) + ") AS step";
}

std::int64_t begin_of_list(const UploadQuery& query) {
  const bool is_begin = query.is_newest_first && query.after == 0;
  return static_cast<std::int64_t>(is_begin ? limits::upload_id_max + 1 : query.after);
}

Query page_after(const Statement& statement, std::uint64_t after, std::size_t count) {
  Query query(statement);
  query.bind_unsigned(after);
  query.bind_count(count);
  return query;
}

}  // namespace

Query create_upload(const model::UploadRecord& record) {
  static const Statement statement{"create_upload", std::string("INSERT INTO uploads (") +
                                                        upload_columns + ", weight) VALUES (" +
                                                        places(upload_column_count + 1) + ")"};
  const UploadTexts texts(record);
  Query query(statement);
  bind_upload(query, record, texts);
  query.bind_unsigned(texts.weight);
  return query;
}

Query update_upload(const UpdateUpload& update) {
  static const Statement change{"update_upload", update_setting("")};
  static const Statement finish{
      "finish_upload",
      update_setting(", parameters = '{}', origin = '{}', partials = '', weight = 1 +"
                     " (octet_length(file_name) + octet_length(content_type) + octet_length(layout)"
                     " + octet_length(words) + coalesce(octet_length($15::bytea), 0)) / " +
                     std::to_string(limits::record_text_bytes))};
  static const Statement bury{
      "bury_upload", update_setting(", content_type = '', parameters = '{}', origin = '{}',"
                                    " partials = '', file_name = '', layout = '', words = '',"
                                    " weight = 1")};
  const bool is_buried =
      model::is_settled(update.progress) && model::is_gone(update.progress.state);
  const bool is_finished = model::is_settled(update.progress) && !is_buried;
  ProgressTexts texts(update.progress, update.layout);
  if (is_buried) {
    texts.stored.clear();
  }
  Query query(is_buried ? bury : is_finished ? finish : change);
  if (update.progress.file_size) {
    query.bind_unsigned(*update.progress.file_size);
  } else {
    query.bind_null();
  }
  query.bind(update.progress.file_size ? 1 : 0);
  bind_progress(query, update.progress, texts);
  static_assert(progress_places == 16);
  query.bind_unsigned(update.id);
  query.bind_unsigned(update.progress.version);
  return query;
}

// A few at a time: each burial brings one. A row that another transaction has is its own.
Query forget_gone_uploads(std::uint64_t id) {
  static const Statement statement{
      "forget_gone",
      "DELETE FROM uploads WHERE id IN (SELECT gone.id FROM uploads AS gone JOIN"
      " (SELECT id FROM uploads WHERE owner = (SELECT owner FROM uploads WHERE id = $1)"
      " AND blob_present = 0 AND state IN ('aborted', 'expired') ORDER BY id DESC LIMIT 4 OFFSET " +
          std::to_string(limits::gone_uploads_per_owner_max) +
          ") AS old ON gone.id = old.id FOR UPDATE OF gone SKIP LOCKED)"};
  Query query(statement);
  query.bind_unsigned(id);
  return query;
}

Query remove_upload(const RemoveUpload& change) {
  static const Statement any{"remove_upload", "DELETE FROM uploads WHERE id = $1"};
  static const Statement version{
      "remove_version", expect_change("DELETE FROM uploads WHERE id = $1 AND version = $2")};
  Query query(change.version ? version : any);
  query.bind_unsigned(change.id);
  if (change.version) {
    query.bind_unsigned(*change.version);
  }
  return query;
}

Query lock_upload(std::uint64_t id) {
  static const Statement statement{"lock_upload",
                                   "SELECT 1::bigint FROM uploads WHERE id = $1 FOR UPDATE"};
  Query query(statement);
  query.bind_unsigned(id);
  return query;
}

Query find_upload(const std::string& token) {
  static const Statement statement{"find_upload", select_uploads("token = $1")};
  Query query(statement);
  query.bind_text(token);
  return query;
}

Query find_upload_by_id(std::uint64_t id) {
  static const Statement statement{"find_upload_by_id", select_uploads("id = $1")};
  Query query(statement);
  query.bind_unsigned(id);
  return query;
}

Query undelivered_uploads(std::uint64_t after, std::size_t count) {
  static const Statement statement{
      "undelivered",
      select_uploads("state IN ('received', 'delivering') AND id > $1 ORDER BY id LIMIT $2")};
  return page_after(statement, after, count);
}

// The hours are in the order of the times, so that the index gives few rows that are to be sorted.
Query due_uploads(Timestamp now, ExpiryPosition after, std::size_t count) {
  static const Statement statement{
      "due", select_uploads("state <> 'received' AND state <> 'delivering'"
                            " AND expiry_hour <= $1::bigint / 3600000"
                            " AND expiry_hour >= $2::bigint / 3600000 AND expires_at <= $1::bigint"
                            " AND (expires_at, id) > ($2::bigint, $3::bigint)"
                            " ORDER BY expiry_hour, expires_at, id LIMIT $4")};
  Query query(statement);
  query.bind_time(now);
  query.bind_time(after.expires_at);
  query.bind_unsigned(after.id);
  query.bind_count(count);
  return query;
}

Query leftover_uploads(std::uint64_t after, std::size_t count) {
  static const Statement statement{
      "leftover_uploads",
      select_uploads("blob_present = 1 AND state IN ('delivered', 'aborted', 'expired')"
                     " AND id > $1 ORDER BY id LIMIT $2")};
  return page_after(statement, after, count);
}

Query unsynced_uploads(std::uint64_t after, std::size_t count) {
  static const Statement statement{
      "unsynced",
      select_uploads("unsynced <> '' AND state = 'receiving' AND id > $1 ORDER BY id LIMIT $2")};
  return page_after(statement, after, count);
}

Query unmade_uploads(std::uint64_t after, std::size_t count) {
  static const Statement statement{
      "unmade",
      select_uploads("partials <> '' AND state = 'receiving' AND id > $1 ORDER BY id LIMIT $2")};
  return page_after(statement, after, count);
}

Query list_uploads_step(const UploadQuery& query) {
  static const auto sql = [](bool is_newest_first) {
    return step_of_list(upload_columns, is_newest_first) +
           " WHERE ($2::text IS NULL OR state = $2::text) AND ($3::bytea IS NULL OR owner = "
           "$3::bytea)"
           " ORDER BY id " +
           (is_newest_first ? "DESC" : "ASC") + " LIMIT $4";
  };
  static const Statement oldest{"list_uploads", sql(false)};
  static const Statement newest{"list_newest_uploads", sql(true)};
  Query step(query.is_newest_first ? newest : oldest);
  step.bind(begin_of_list(query));
  if (query.state) {
    step.bind_text(to_text(*query.state));
  } else {
    step.bind_null();
  }
  if (query.owner) {
    step.bind_text(*query.owner);
  } else {
    step.bind_null();
  }
  step.bind_count(query.count);
  return step;
}

Query end_of_step(const UploadQuery& query) {
  static const Statement oldest{"end_of_step", step_of_list("count(*), max(id)", false)};
  static const Statement newest{"end_of_newest_step", step_of_list("count(*), min(id)", true)};
  Query end(query.is_newest_first ? newest : oldest);
  end.bind(begin_of_list(query));
  return end;
}

Query decided_uploads(Decided after, Timestamp until, std::size_t count) {
  static const Statement statement{
      "decided",
      "SELECT next_attempt_at, id FROM uploads WHERE blob_present = 1"
      " AND state IN ('refused', 'failed') AND (next_attempt_at, id) > ($1::bigint, $2::bigint)"
      " AND next_attempt_at < $3 ORDER BY next_attempt_at, id LIMIT $4"};
  Query query(statement);
  query.bind_time(after.at);
  query.bind_unsigned(after.id);
  query.bind_time(until);
  query.bind_count(count);
  return query;
}

Query count_uploads() {
  static const Statement statement{"count_uploads",
                                   "SELECT state, sum(count)::bigint FROM upload_counts"
                                   " GROUP BY state HAVING sum(count) > 0"};
  return Query(statement);
}

Query promised_rooms() {
  static const Statement statement{
      "promised",
      "SELECT id, owner, CASE WHEN size_known = 1 THEN file_size ELSE least(file_size, " +
          std::to_string(limits::unknown_size_room) +
          ") END FROM uploads WHERE state = 'receiving' AND NOT has_bytes"
          " AND file_size BETWEEN 0 AND " +
          std::to_string(limits::file_size_max) + " ORDER BY id"};
  return Query(statement);
}

Query next_upload_ids() {
  static const Statement statement{"next_upload_ids", "SELECT nextval('upload_ids')"};
  return Query(statement);
}

}  // namespace sluice::journal::postgres
