// SPDX-License-Identifier: MIT
#include "journal/sqlite_journal.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "journal/sqlite_schema.h"

namespace sluice::journal {
namespace {

namespace asio = boost::asio;

// Starts `begin(done)` and continues on the caller's own executor with what `done` is called with,
// from whatever thread. Until then that executor's event loop does not run out of work. What keeps
// it so goes home with the result: when the caller goes on, the loop may end, and `done` must not
// touch it any more.
template <class Value, class Begin>
runtime::Task<Value> wait_for(Begin begin) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  auto initiation = [&executor](auto handler, Begin* start) {
    auto busy = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    (*start)([executor, busy = std::move(busy), handler = std::move(handler)](Value value) mutable {
      asio::post(executor,
                 [busy = std::move(busy), handler = std::move(handler),
                  value = std::move(value)]() mutable { std::move(handler)(std::move(value)); });
    });
  };
  co_return co_await asio::async_initiate<const asio::deferred_t, void(Value)>(
      std::move(initiation), asio::deferred, &begin);
}

Error queue_full() {
  return Error(Errc::storage_failed,
               "the journal cannot keep up: " + std::to_string(limits::journal_queue_max) +
                   " calls are waiting");
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

// The change is wrong or refused; the database is as it was, and other commits are not concerned.
bool concerns_one_commit(Errc code) {
  return code == Errc::internal || code == Errc::not_authorized ||
         code == Errc::too_many_sessions || code == Errc::quota_exceeded;
}

template <class Predicate>
bool any_change(std::span<Commit> commits, Predicate wanted) {
  return std::ranges::any_of(
      commits, [&](const Commit& commit) { return std::ranges::any_of(commit.changes, wanted); });
}

bool must_be_synced(const Change& change) {
  const auto* const update = std::get_if<UpdateUpload>(&change);
  return update == nullptr || !update->may_be_lost;
}

bool asks_for_sync(const Change& change) {
  return std::holds_alternative<SyncJournal>(change);
}

}  // namespace

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::string& path,
                                                           Durability durability, Metrics& metrics,
                                                           Log& log, const std::string& boot_id,
                                                           const BlobSize& blob_size) {
  if (durability == Durability::interval && boot_id.empty()) {
    return fail(Errc::storage_failed,
                "durability = interval has to know when the machine was started, and cannot read "
                "it here");
  }
  Result<Connection> connection = open_database(path, durability);
  if (!connection) {
    return fail(connection.error());
  }
  Result<> known = take_over_boot(*connection, boot_id);
  if (known && blob_size) {
    known = name_bytes_of_blobs(*connection, blob_size);
  }
  if (!known) {
    connection->keep_log_at_close(true);
    return fail(known.error());
  }
  if (durability == Durability::interval) {
    connection->fail_when_log_cannot_be_synced(limits::journal_checkpoint_pages);
  }
  auto database = std::make_unique<Database>(std::move(*connection), metrics, log);
  if (Result<> prepared = database->prepare(); !prepared) {
    return fail(prepared.error());
  }
  const Result<std::uint64_t> last_id = database->uploads.last_id();
  if (!last_id) {
    return fail(last_id.error());
  }
  const Result<std::uint64_t> promised = database->uploads.promised_bytes();
  if (!promised) {
    return fail(promised.error());
  }
  Result<std::vector<PromisedRoom>> to_owners = database->uploads.promised_to_owners();
  if (!to_owners) {
    log.warn("the room that earlier uploads wait for counts for none of their owners",
             {{"reason", to_owners.error().message()}});
    to_owners.emplace();
  }
  Result<std::map<UploadState, std::uint64_t>> counts = database->uploads.counts();
  if (!counts) {
    return fail(std::move(counts).error());
  }
  const std::uint64_t unfinished = (*counts)[UploadState::receiving];
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(database), durability, *last_id,
                                                          *promised, *std::move(to_owners),
                                                          unfinished, metrics, log));
}

Result<> SqliteJournal::Database::set_synced(bool synced) {
  if (synced == is_synced) {
    return {};
  }
  Result<> done =
      connection.execute(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  if (done) {
    is_synced = synced;
  }
  return done;
}

Result<> SqliteJournal::Database::prepare() {
  // Immediate: a transaction that begins as a reader could find the file locked when it writes.
  Result<> done = connection.prepare_all({{&begin, "BEGIN IMMEDIATE"},
                                          {&commit, "COMMIT"},
                                          {&rollback, "ROLLBACK"},
                                          {&empty_log, "PRAGMA wal_checkpoint(RESTART)"}});
  if (done) {
    done = uploads.prepare();
  }
  if (done) {
    done = owners.prepare();
  }
  if (done) {
    done = videos.prepare();
  }
  if (done) {
    done = notifications.prepare();
  }
  return done;
}

SqliteJournal::SqliteJournal(std::unique_ptr<Database> database, Durability durability,
                             std::uint64_t last_upload_id, std::uint64_t promised_bytes,
                             std::vector<PromisedRoom> promised_to_owners,
                             std::uint64_t unfinished_uploads, Metrics& metrics, Log& log)
    : durability_(durability),
      metrics_(metrics),
      log_(log),
      last_upload_id_(last_upload_id),
      promised_bytes_(promised_bytes),
      promised_to_owners_(std::move(promised_to_owners)),
      unfinished_uploads_(unfinished_uploads),
      database_(std::move(database)),
      queue_([this](std::span<Commit> commits) { write_batch(commits); }) {}

SqliteJournal::~SqliteJournal() = default;

std::uint64_t SqliteJournal::next_upload_id() {
  const std::uint64_t id = last_upload_id_.fetch_add(1, std::memory_order_relaxed) + 1;
  SLUICE_CHECK(id <= limits::upload_id_max);
  return id;
}

runtime::Task<Result<>> SqliteJournal::commit(std::vector<Change> changes) {
  auto begin = [this, &changes](auto done) {
    Commit waiting{changes, std::move(done)};
    if (!queue_.add(waiting)) {
      waiting.done(fail(queue_full()));
    }
  };
  co_return co_await wait_for<Result<>>(std::move(begin));
}

template <class Work>
runtime::Task<std::invoke_result_t<Work&>> SqliteJournal::read(Work work) {
  using Value = std::invoke_result_t<Work&>;
  auto begin = [this, &work](auto done) {
    // Apart from the job, so that it can still be called when the queue refuses that.
    auto shared = std::make_shared<decltype(done)>(std::move(done));
    CommitQueue::Read job = [shared, work = std::move(work)]() mutable { (*shared)(work()); };
    if (!queue_.add(job)) {
      (*shared)(fail(queue_full()));
    }
  };
  co_return co_await wait_for<Value>(std::move(begin));
}

template <class Work>
runtime::Task<typename std::invoke_result_t<Work&>::value_type> SqliteJournal::read_in_steps(
    Work work) {
  using Value = typename std::invoke_result_t<Work&>::value_type;
  auto begin = [this, &work](auto done) {
    auto shared = std::make_shared<decltype(done)>(std::move(done));
    CommitQueue::LongRead job = [shared, work = std::move(work)]() mutable {
      std::optional<Value> value = work();
      if (!value) {
        return true;
      }
      (*shared)(*std::move(value));
      return false;
    };
    if (!queue_.add(job)) {
      (*shared)(fail(queue_full()));
    }
  };
  co_return co_await wait_for<Value>(std::move(begin));
}

runtime::Task<Result<std::optional<UploadRecord>>> SqliteJournal::find_upload(std::string token) {
  auto work = [this, token = std::move(token)] { return database_->uploads.find(token); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::optional<UploadRecord>>> SqliteJournal::find_upload_by_id(
    std::uint64_t id) {
  auto work = [this, id] { return database_->uploads.find_by_id(id); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<UploadRecord>>> SqliteJournal::undelivered(std::uint64_t after,
                                                                            std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.undelivered(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<UploadRecord>>> SqliteJournal::due(Timestamp now,
                                                                    ExpiryPosition after,
                                                                    std::size_t count) {
  auto work = [this, now, after, count] { return database_->uploads.due(now, after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<Decided>>> SqliteJournal::decided(Decided after, Timestamp until,
                                                                   std::size_t count) {
  auto work = [this, after, until, count] {
    return database_->uploads.decided(after, until, count);
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<UploadRecord>>> SqliteJournal::leftover_blobs(std::uint64_t after,
                                                                               std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.leftover_blobs(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<UploadRecord>>> SqliteJournal::unsynced(std::uint64_t after,
                                                                         std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.unsynced(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::map<UploadState, std::uint64_t>>> SqliteJournal::upload_counts() {
  auto work = [this] { return database_->uploads.counts(); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::optional<VideoRecord>>> SqliteJournal::find_video(std::string id) {
  auto work = [this, id = std::move(id)] { return database_->videos.find(id); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<VideoPage>> SqliteJournal::list_videos(VideoQuery query) {
  auto work = [listing = VideoListing(database_->videos, std::move(query))]() mutable {
    return listing.step();
  };
  co_return co_await read_in_steps(std::move(work));
}

runtime::Task<Result<std::vector<VideoRecord>>> SqliteJournal::leftover_videos(std::string after,
                                                                               std::size_t count) {
  auto work = [this, after = std::move(after), count] {
    return database_->videos.leftover(after, count);
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<Notification>>> SqliteJournal::next_notifications(
    std::size_t count) {
  auto work = [this, count] { return database_->notifications.next(count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<UploadRecord>>> SqliteJournal::uploads_after(std::uint64_t after,
                                                                              std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.after(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<VideoRecord>>> SqliteJournal::videos_after(std::string after,
                                                                            std::size_t count) {
  auto work = [this, after = std::move(after), count] {
    return database_->videos.after(after, count);
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<Notification>>> SqliteJournal::notifications_after(
    std::uint64_t after, std::size_t count) {
  auto work = [this, after, count] { return database_->notifications.after(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<DamagedRow>>> SqliteJournal::damaged_rows() {
  auto work = [this]() -> Result<std::vector<DamagedRow>> { return database_->damaged.known(); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::string>> SqliteJournal::row_as_sql(DamagedRow row) {
  auto work = [this, row = std::move(row)] { return to_sql(database_->connection, row); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<>> SqliteJournal::remove_row(DamagedRow row) {
  auto work = [this, row = std::move(row)] {
    return database_->connection.execute("DELETE FROM " + row.table +
                                         " WHERE rowid = " + std::to_string(row.rowid));
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<std::string>>> SqliteJournal::integrity_problems() {
  auto work = [this] { return check_integrity(); };
  co_return co_await read(std::move(work));
}

Result<std::vector<std::string>> SqliteJournal::check_integrity() {
  Result<Statement> statement = database_->connection.prepare("PRAGMA integrity_check");
  if (!statement) {
    return fail(statement.error());
  }
  std::vector<std::string> problems;
  Execution execution(*statement);
  const Result<> read = execution.each_row([&] {
    std::string problem = execution.take_bytes();
    if (problem != "ok") {
      problems.push_back(std::move(problem));
    }
  });
  if (!read) {
    return fail(read.error());
  }
  return problems;
}

void SqliteJournal::write_batch(std::span<Commit> commits) {
  const Result<> outcome = write_transaction(commits);
  const bool is_of_one = !outcome && concerns_one_commit(outcome.error().code());
  if (is_of_one && commits.size() > 1) {
    // Whose change it was is not known here; each on its own, so that the others do not pay for it.
    for (std::size_t i = 0; i < commits.size(); ++i) {
      write_batch(commits.subspan(i, 1));
    }
    return;
  }
  for (Commit& commit : commits) {
    commit.done(outcome);
  }
}

Result<> SqliteJournal::write_transaction(std::span<Commit> commits) {
  if (!healthy()) {
    return fail(Errc::storage_failed, "journal " + database_->connection.path() +
                                          " takes no more changes after a failed commit: restart");
  }
  Result<> done = try_transaction(commits);
  // What the write-ahead log holds may fit into the database; the log is then used again from its
  // beginning and need not grow. Without this, a full disk would refuse the very commits that free
  // it.
  if (!done && done.error().code() == Errc::disk_full && healthy()) {
    const Result<bool> emptied = Execution(database_->empty_log).step();
    if (emptied) {
      done = try_transaction(commits);
    } else if (durability_ == Durability::interval && emptied.error().code() != Errc::disk_full) {
      // Commits that were not synced before are lost, and the next sync would hide that.
      stop_for_good();
      done = fail(emptied.error());
    }
  }
  const bool is_refusal =
      !done && done.error().code() != Errc::internal && concerns_one_commit(done.error().code());
  if (!done && !is_refusal) {
    log_.error("journal commit failed", {{"reason", done.error().message()}});
  }
  return done;
}

// After SQLITE_FULL the transaction is undone, as https://sqlite.org/lang_transaction.html says: by
// SQLite itself, or by the ROLLBACK here. Its frames in the write-ahead log lack the one that would
// make them count, and the next transaction overwrites them.
Result<> SqliteJournal::try_transaction(std::span<Commit> commits) {
  const auto started = std::chrono::steady_clock::now();
  Result<> done = run_transaction(commits);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  metrics_.commit_seconds.observe(taken.count());
  if (done) {
    return done;
  }
  bool undone = true;
  if (database_->connection.in_transaction()) {
    undone = Execution(database_->rollback).finish().has_value();
  }
  const Errc code = done.error().code();
  if (!undone || (!concerns_one_commit(code) && code != Errc::disk_full)) {
    stop_for_good();
  }
  return done;
}

Result<> SqliteJournal::run_transaction(std::span<Commit> commits) {
  Result<> done;
  if (durability_ == Durability::interval) {
    done = database_->set_synced(any_change(commits, must_be_synced));
  }
  if (done) {
    done = Execution(database_->begin).finish();
  }
  if (done) {
    done = apply_all(commits);
  }
  if (done) {
    done = Execution(database_->commit).finish();
  }
  // A transaction that changes nothing syncs nothing.
  if (done && durability_ == Durability::interval && any_change(commits, asks_for_sync)) {
    done = database_->connection.sync_log();
  }
  return done;
}

void SqliteJournal::stop_for_good() {
  healthy_.store(false, std::memory_order_relaxed);
  database_->connection.keep_log_at_close(true);
}

Result<> SqliteJournal::apply_all(std::span<Commit> commits) {
  for (const Commit& commit : commits) {
    for (const Change& change : commit.changes) {
      if (Result<> applied = apply(change); !applied) {
        return applied;
      }
    }
  }
  return {};
}

Result<> SqliteJournal::apply(const Change& change) {
  OwnerTable& owners = database_->owners;
  UploadTable& uploads = database_->uploads;
  VideoTable& videos = database_->videos;
  NotificationTable& notifications = database_->notifications;
  const Overloaded applied{
      [&](const CreateUpload& create) {
        const Result<> created = uploads.create(create.record);
        return created ? owners.check(create.record.owner, create.limits) : created;
      },
      [&](const IdentifyUpload& identify) {
        const Result<> identified = uploads.identify(identify);
        return identified ? owners.check(identify.owner, identify.limits) : identified;
      },
      [&](const UseSignature& use) { return owners.use_signature(use); },
      [&](const UpdateUpload& update) { return uploads.update(update); },
      [](const SyncJournal& /*sync*/) { return Result<>(); },
      [&](const RemoveUpload& remove) { return uploads.remove(remove.id); },
      [&](const PutVideo& put) { return videos.put(put.record); },
      [&](const RemoveVideo& remove) { return videos.remove(remove.id); },
      [&](const AddNotification& add) { return notifications.add(add.notification); },
      [&](const PostponeNotification& postpone) { return notifications.postpone(postpone); },
      [&](const RemoveNotification& remove) { return notifications.remove(remove.id); },
  };
  return std::visit(applied, change);
}

}  // namespace sluice::journal
