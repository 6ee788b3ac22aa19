// SPDX-License-Identifier: MIT
#include "journal/postgres/postgres_journal.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "journal/postgres/change_queries.h"
#include "journal/postgres/claim_queries.h"
#include "journal/postgres/extent_queries.h"
#include "journal/postgres/notification_queries.h"
#include "journal/postgres/owner_queries.h"
#include "journal/postgres/schema.h"
#include "journal/postgres/server_facts.h"
#include "journal/postgres/upload_queries.h"
#include "journal/postgres/video_queries.h"
#include "journal/video_row.h"

namespace sluice::journal::postgres {

Result<std::unique_ptr<PostgresJournal>> PostgresJournal::open(Settings settings, Metrics& metrics,
                                                               Log& log) {
  const auto connection = connect_first(settings);
  if (!connection) {
    return fail(connection.error());
  }
  if (const Result<> done = migrate(**connection, migration_steps()); !done) {
    return fail(done.error());
  }
  const Deadline behind_migration = std::chrono::steady_clock::now() + settings.call_time;
  Result<std::string> secret = read_secret(**connection, behind_migration);
  const Result<Duration> offset = read_clock(**connection, behind_migration);
  if (!secret || !offset) {
    return fail(secret ? offset.error() : secret.error());
  }
  if (*offset != Duration::zero()) {
    log.warn("the clock of this machine is not that of the journal, which counts",
             {{"behind_seconds", std::chrono::duration<double>(*offset).count()},
              {"remedy", "let NTP set the clocks of all machines"}});
  }
  const Result<bool> is_safe = survives_failover(**connection, behind_migration);
  if (!is_safe) {
    return fail(is_safe.error());
  }
  if (!*is_safe) {
    log.warn("the journal has a standby server, and none that its commits wait for",
             {{"risk", "a failover can lose what clients were told to be stored"},
              {"remedy", "set synchronous_standby_names, and synchronous_commit = on"}});
  }
  return std::unique_ptr<PostgresJournal>(
      new PostgresJournal(std::move(settings), *std::move(secret), *offset, metrics, log));
}

Result<std::unique_ptr<PostgresJournal>> PostgresJournal::look(Settings settings, Metrics& metrics,
                                                               Log& log) {
  const auto connection = connect_first(settings);
  const Result<> usable =
      connection ? expect_last_version(**connection, migration_steps()) : fail(connection.error());
  if (!usable) {
    return fail(usable.error());
  }
  return std::unique_ptr<PostgresJournal>(
      new PostgresJournal(std::move(settings), "", Duration::zero(), metrics, log));
}

PostgresJournal::PostgresJournal(Settings settings, std::string secret, Duration clock_offset,
                                 Metrics& metrics, Log& log)
    : secret_(std::move(secret)),
      metrics_(metrics),
      log_(log),
      reader_(metrics, log),
      clock_offset_(clock_offset.count()),
      pool_(settings, metrics, log),
      signals_(std::move(settings), pool_, log) {}

runtime::Task<Result<>> PostgresJournal::adopt(std::string secret, std::uint64_t next_upload_id) {
  auto work = [&](Connection& connection, Deadline deadline) -> Result<> {
    static const Statement keep{"adopt_secret", "UPDATE shared_secret SET secret = $1"};
    static const Statement count{"adopt_ids", "SELECT setval('upload_ids', $1::bigint)"};
    std::array queries{Query(keep), Query(count)};
    queries[0].bind_text(secret);
    queries[1].bind_count(next_upload_id);
    const auto done = ask(connection, queries, deadline);
    return done ? Result<>() : fail(done.error());
  };
  co_return co_await pool_.run(std::move(work));
}

runtime::Task<Result<>> PostgresJournal::ping() {
  auto work = [this](Connection& connection, Deadline deadline) -> Result<> {
    const Result<Duration> offset = read_clock(connection, deadline);
    if (!offset) {
      return fail(offset.error());
    }
    clock_offset_ = offset->count();
    return {};
  };
  co_return co_await pool_.run(std::move(work));
}

template <class Record>
runtime::Task<Result<std::optional<Record>>> PostgresJournal::find(Query query,
                                                                   Reader<Record> read) {
  auto work = [this, &query, read](Connection& connection,
                                   Deadline deadline) -> Result<std::optional<Record>> {
    const Result<Rows> rows = ask(connection, query, deadline);
    if (!rows) {
      return fail(rows.error());
    }
    if (rows->count() == 0) {
      return std::nullopt;
    }
    return (reader_.*read)(rows->row(0));
  };
  co_return co_await pool_.run(std::move(work));
}

// A page that has damaged rows is asked for again, larger by their number.
template <class Record, class MakeQuery>
runtime::Task<Result<std::vector<Record>>> PostgresJournal::page(MakeQuery make_query,
                                                                 std::size_t count,
                                                                 Reader<Record> read) {
  auto work = [this, &make_query, count, read](Connection& connection,
                                               Deadline deadline) -> Result<std::vector<Record>> {
    for (std::size_t asked = count;;) {
      const Result<Rows> rows = ask(connection, make_query(asked), deadline);
      if (!rows) {
        return fail(rows.error());
      }
      std::vector<Record> records;
      for (std::size_t i = 0; i < rows->count(); ++i) {
        Result<Record> record = (reader_.*read)(rows->row(i));
        if (record) {
          records.push_back(*std::move(record));
        }
      }
      const bool is_end = rows->count() < asked;
      if (is_end || records.size() >= count) {
        return records;
      }
      asked += count - records.size();
    }
  };
  co_return co_await pool_.run(std::move(work));
}

template <class Value, class Take>
runtime::Task<Result<std::vector<Value>>> PostgresJournal::values(Query query, Take take) {
  auto work = [&query, &take](Connection& connection,
                              Deadline deadline) -> Result<std::vector<Value>> {
    const Result<Rows> rows = ask(connection, query, deadline);
    if (!rows) {
      return fail(rows.error());
    }
    std::vector<Value> all;
    for (std::size_t i = 0; i < rows->count(); ++i) {
      ResultRow row = rows->row(i);
      all.push_back(take(row));
    }
    return all;
  };
  co_return co_await pool_.run(std::move(work));
}

runtime::Task<Result<>> PostgresJournal::commit(std::vector<Change> changes) {
  const Result<ChangeQueries> planned = queries_of(changes);
  if (!planned) {
    co_return fail(planned.error());
  }
  if (planned->queries.empty()) {
    co_return Result<>();
  }
  auto work = [this, &changes, &planned](Connection& connection, Deadline deadline) {
    return write(connection, changes, *planned, deadline);
  };
  co_return co_await pool_.run(std::move(work));
}

Result<> PostgresJournal::write(Connection& connection, const std::vector<Change>& changes,
                                const ChangeQueries& planned, Deadline deadline) {
  const auto started = std::chrono::steady_clock::now();
  auto done = connection.run(planned.queries, deadline);
  for (int tries = 1; !done && is_undone_for_others(done.error()); ++tries) {
    const auto now = std::chrono::steady_clock::now();
    // It may take as long again.
    if (tries == limits::postgres_tries_max || deadline - now < now - started) {
      break;
    }
    done = connection.run(planned.queries, deadline);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  metrics_.commit_seconds.observe(taken.count());
  if (done) {
    return {};
  }
  const Failure& failure = done.error();
  Error error = refusal_of(changes[planned.changes[failure.query]], failure);
  if (!is_refusal(failure)) {
    log_.error("journal commit failed", {{"reason", error.message()}});
  }
  return fail(std::move(error));
}

std::optional<std::uint64_t> PostgresJournal::number_at_hand() {
  const MutexLock lock(mutex_);
  return numbers_.next == numbers_.end ? std::nullopt : std::optional(numbers_.next++);
}

void PostgresJournal::keep_numbers(Numbers numbers) {
  const MutexLock lock(mutex_);
  numbers_ = numbers;
}

runtime::Task<Result<std::uint64_t>> PostgresJournal::next_upload_id() {
  if (const std::optional<std::uint64_t> number = number_at_hand()) {
    co_return *number;
  }
  auto work = [](Connection& connection, Deadline deadline) -> Result<std::uint64_t> {
    const Result<Rows> rows = ask(connection, next_upload_ids(), deadline);
    if (!rows) {
      return fail(rows.error());
    }
    ResultRow row = rows->row(0);
    return take_count(row);
  };
  const Result<std::uint64_t> first = co_await pool_.run(std::move(work));
  if (!first) {
    co_return fail(first.error());
  }
  keep_numbers({*first + 1, *first + limits::postgres_id_block});
  co_return *first;
}

runtime::Task<Result<Promises>> PostgresJournal::promises() {
  auto work = [](Connection& connection, Deadline deadline) -> Result<Promises> {
    const std::array queries{promised_rooms(), count_uploads()};
    const Result<std::vector<Rows>> rows = ask(connection, queries, deadline);
    if (!rows) {
      return fail(rows.error());
    }
    Promises promises;
    for (std::size_t i = 0; i < rows->at(0).count(); ++i) {
      ResultRow row = rows->at(0).row(i);
      PromisedRoom room = take_room(row);
      promises.bytes += room.bytes;
      if (!room.owner.empty()) {
        promises.to_owners.push_back(std::move(room));
      }
    }
    for (std::size_t i = 0; i < rows->at(1).count(); ++i) {
      ResultRow row = rows->at(1).row(i);
      if (row.take_bytes() == to_text(model::UploadState::receiving)) {
        promises.unfinished_uploads = take_count(row);
      }
    }
    return promises;
  };
  co_return co_await pool_.run(std::move(work));
}

runtime::Task<Result<std::optional<model::UploadRecord>>> PostgresJournal::find_upload(
    std::string token) {
  co_return co_await find<model::UploadRecord>(postgres::find_upload(token), &RowReader::upload);
}

runtime::Task<Result<std::optional<model::UploadRecord>>> PostgresJournal::find_upload_by_id(
    std::uint64_t id) {
  co_return co_await find<model::UploadRecord>(postgres::find_upload_by_id(id), &RowReader::upload);
}

runtime::Task<Result<std::vector<model::UploadRecord>>> PostgresJournal::undelivered(
    std::uint64_t after, std::size_t count) {
  auto query = [after](std::size_t asked) { return undelivered_uploads(after, asked); };
  co_return co_await page<model::UploadRecord>(std::move(query), count, &RowReader::upload);
}

runtime::Task<Result<std::vector<model::UploadRecord>>> PostgresJournal::due(Timestamp now,
                                                                             ExpiryPosition after,
                                                                             std::size_t count) {
  auto query = [now, after](std::size_t asked) { return due_uploads(now, after, asked); };
  co_return co_await page<model::UploadRecord>(std::move(query), count, &RowReader::upload);
}

runtime::Task<Result<std::vector<model::UploadRecord>>> PostgresJournal::leftover_blobs(
    std::uint64_t after, std::size_t count) {
  auto query = [after](std::size_t asked) { return leftover_uploads(after, asked); };
  co_return co_await page<model::UploadRecord>(std::move(query), count, &RowReader::upload);
}

runtime::Task<Result<std::vector<model::UploadRecord>>> PostgresJournal::unsynced(
    std::uint64_t after, std::size_t count) {
  auto query = [after](std::size_t asked) { return unsynced_uploads(after, asked); };
  co_return co_await page<model::UploadRecord>(std::move(query), count, &RowReader::upload);
}

runtime::Task<Result<std::vector<model::UploadRecord>>> PostgresJournal::unmade(std::uint64_t after,
                                                                                std::size_t count) {
  auto query = [after](std::size_t asked) { return unmade_uploads(after, asked); };
  co_return co_await page<model::UploadRecord>(std::move(query), count, &RowReader::upload);
}

runtime::Task<Result<std::vector<Decided>>> PostgresJournal::decided(Decided after, Timestamp until,
                                                                     std::size_t count) {
  auto take = [](Fields& row) {
    const Timestamp at{std::chrono::milliseconds(row.take_integer())};
    return Decided{at, take_count(row)};
  };
  co_return co_await values<Decided>(decided_uploads(after, until, count), std::move(take));
}

runtime::Task<Result<std::vector<OwnerUsage>>> PostgresJournal::owners(std::size_t count) {
  co_return co_await values<OwnerUsage>(list_owners(count), take_usage);
}

runtime::Task<Result<std::vector<model::Extent>>> PostgresJournal::extents(std::uint64_t upload_id,
                                                                           std::uint64_t from,
                                                                           std::size_t count) {
  Result<std::vector<model::Extent>> found =
      co_await values<model::Extent>(find_extents(upload_id, from, count), take_extent);
  if (found && !std::ranges::all_of(*found, is_possible)) {
    co_return fail(reader_.damaged("extents", static_cast<std::int64_t>(upload_id), "range"));
  }
  co_return found;
}

runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>>
PostgresJournal::upload_counts() {
  using Count = std::pair<std::string, std::uint64_t>;
  auto take = [](Fields& row) {
    std::string state = row.take_bytes();
    return Count{std::move(state), take_count(row)};
  };
  const Result<std::vector<Count>> counted =
      co_await values<Count>(count_uploads(), std::move(take));
  if (!counted) {
    co_return fail(counted.error());
  }
  std::map<model::UploadState, std::uint64_t> counts;
  for (const auto& [text, count] : *counted) {
    if (const auto state = model::upload_state_from_text(text)) {
      counts[*state] = count;
    }
  }
  co_return counts;
}

// Each step has a deadline of its own, and reads a bounded part of the table.
runtime::Task<Result<std::vector<model::UploadRecord>>> PostgresJournal::list_uploads(
    UploadQuery query) {
  std::vector<model::UploadRecord> listed;
  for (;;) {
    auto work = [this, &query, &listed](Connection& connection, Deadline deadline) {
      return list_step(connection, query, listed, deadline);
    };
    const Result<bool> ended = co_await pool_.run(std::move(work));
    if (!ended) {
      co_return fail(ended.error());
    }
    if (*ended) {
      co_return listed;
    }
  }
}

Result<bool> PostgresJournal::list_step(Connection& connection, UploadQuery& query,
                                        std::vector<model::UploadRecord>& page, Deadline deadline) {
  UploadQuery step = query;
  step.count = query.count - page.size();
  if (step.count == 0) {
    return true;
  }
  const std::array queries{list_uploads_step(step), end_of_step(step)};
  const Result<std::vector<Rows>> rows = ask(connection, queries, deadline);
  if (!rows) {
    return fail(rows.error());
  }
  const Rows& found = rows->at(0);
  for (std::size_t i = 0; i < found.count(); ++i) {
    if (Result<model::UploadRecord> record = reader_.upload(found.row(i))) {
      page.push_back(*std::move(record));
    }
  }
  if (found.count() == step.count) {
    ResultRow last = found.row(found.count() - 1);
    query.after = take_count(last);
    return false;
  }
  ResultRow end = rows->at(1).row(0);
  const std::uint64_t entries = take_count(end);
  query.after = take_count(end);
  return entries < limits::read_step_entries;
}

runtime::Task<Result<std::optional<model::VideoRecord>>> PostgresJournal::find_video(
    std::string id) {
  co_return co_await find<model::VideoRecord>(postgres::find_video(id), &RowReader::video);
}

runtime::Task<Result<VideoPage>> PostgresJournal::list_videos(VideoQuery query) {
  VideoPage list;
  // What is none of its words no row has, and perhaps the server would not even take it as a text.
  if (query.status && !is_video_status(*query.status)) {
    co_return list;
  }
  auto take = [](Fields& row) { return take_count(row); };
  const auto total = co_await values<std::uint64_t>(count_videos(query), std::move(take));
  if (!total) {
    co_return fail(total.error());
  }
  list.total = total->front();
  if (query.offset >= list.total) {
    co_return list;
  }
  auto make_query = [&query](std::size_t asked) { return postgres::list_videos(query, asked); };
  auto records =
      co_await page<model::VideoRecord>(std::move(make_query), query.count, &RowReader::video);
  if (!records) {
    co_return fail(std::move(records).error());
  }
  list.records = *std::move(records);
  co_return list;
}

runtime::Task<Result<std::vector<model::VideoRecord>>> PostgresJournal::leftover_videos(
    std::string after, std::size_t count) {
  auto query = [&after](std::size_t asked) { return postgres::leftover_videos(after, asked); };
  co_return co_await page<model::VideoRecord>(std::move(query), count, &RowReader::video);
}

runtime::Task<Result<std::vector<model::VideoRecord>>> PostgresJournal::videos_after(
    std::string after, std::size_t count) {
  auto query = [&after](std::size_t asked) { return postgres::videos_after(after, asked); };
  co_return co_await page<model::VideoRecord>(std::move(query), count, &RowReader::video);
}

runtime::Task<Result<std::vector<model::Notification>>> PostgresJournal::next_notifications(
    std::size_t count) {
  co_return co_await page<model::Notification>(postgres::next_notifications, count,
                                               &RowReader::notification);
}

runtime::Task<Result<std::vector<std::uint64_t>>> PostgresJournal::claim(
    Work work, std::vector<std::uint64_t> ids, Lease lease) {
  auto claim_all = [work, &ids, &lease](Connection& connection,
                                        Deadline deadline) -> Result<std::vector<std::uint64_t>> {
    const std::array queries{claim_rows(work, ids, lease), forget_ended_claims()};
    const Result<std::vector<Rows>> rows = ask(connection, queries, deadline);
    if (!rows) {
      return fail(rows.error());
    }
    std::set<std::uint64_t> held;
    for (std::size_t i = 0; i < rows->front().count(); ++i) {
      ResultRow row = rows->front().row(i);
      held.insert(take_count(row));
    }
    std::erase_if(ids, [&held](std::uint64_t id) { return !held.contains(id); });
    return ids;
  };
  co_return co_await pool_.run(std::move(claim_all));
}

runtime::Task<Result<>> PostgresJournal::release(Work work, std::vector<std::uint64_t> ids,
                                                 std::string node) {
  auto take = [](Fields& /*row*/) { return true; };
  const auto released = co_await values<bool>(release_rows(work, ids, node), std::move(take));
  co_return released ? Result<>() : Result<>(fail(released.error()));
}

}  // namespace sluice::journal::postgres
