// SPDX-License-Identifier: MIT
#include "journal/sqlite_journal.h"

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
#include "journal/journal_copy.h"
#include "journal/sqlite_schema.h"

namespace sluice::journal {
namespace {

namespace asio = boost::asio;

// Starts `begin(done)` and continues on the caller's own executor with the value that `done` is
// called with, from any thread. Until then that executor's event loop does not run out of work.
// The work guard goes back with the result: when the caller goes on, the loop may end, and `done`
// must not touch it any more.
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
  auto database =
      std::make_unique<SqliteDatabase>(std::move(*connection), durability, metrics, log);
  if (Result<> prepared = database->prepare(); !prepared) {
    return fail(prepared.error());
  }
  const Result<std::uint64_t> last_id = database->uploads.last_id();
  if (!last_id) {
    return fail(last_id.error());
  }
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(database), *last_id));
}

SqliteJournal::SqliteJournal(std::unique_ptr<SqliteDatabase> database, std::uint64_t last_upload_id)
    : last_upload_id_(last_upload_id),
      database_(std::move(database)),
      queue_([this](std::span<Commit> commits) { database_->write_batch(commits); }) {}

SqliteJournal::~SqliteJournal() = default;

// The process has the journal alone: all numbers are its own.
runtime::Task<Result<std::uint64_t>> SqliteJournal::next_upload_id() {
  const std::uint64_t id = last_upload_id_.fetch_add(1, std::memory_order_relaxed) + 1;
  SLUICE_CHECK(id <= limits::upload_id_max);
  co_return id;
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

runtime::Task<Result<Promises>> SqliteJournal::promises() {
  auto work = [this] { return database_->promises(); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::optional<model::UploadRecord>>> SqliteJournal::find_upload(
    std::string token) {
  auto work = [this, token = std::move(token)] { return database_->uploads.find(token); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::optional<model::UploadRecord>>> SqliteJournal::find_upload_by_id(
    std::uint64_t id) {
  auto work = [this, id] { return database_->uploads.find_by_id(id); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::undelivered(
    std::uint64_t after, std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.undelivered(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::due(Timestamp now,
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

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::leftover_blobs(
    std::uint64_t after, std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.leftover_blobs(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::unsynced(std::uint64_t after,
                                                                                std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.unsynced(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::unmade(std::uint64_t after,
                                                                              std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.unmade(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<bool>> SqliteJournal::has_extents() {
  co_return co_await read([this] { return database_->extents.has_any(); });
}

runtime::Task<Result<std::vector<model::Extent>>> SqliteJournal::extents(std::uint64_t upload_id,
                                                                         std::uint64_t from,
                                                                         std::size_t count) {
  auto work = [this, upload_id, from, count] {
    return database_->extents.read(upload_id, from, count);
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::map<model::UploadState, std::uint64_t>>> SqliteJournal::upload_counts() {
  auto work = [this] { return database_->uploads.counts(); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<OwnerUsage>>> SqliteJournal::owners(std::size_t count) {
  auto work = [this, count] { return database_->owners.list(count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::list_uploads(
    UploadQuery query) {
  auto work = [this, query = std::move(query), page = std::vector<model::UploadRecord>()]() mutable
      -> std::optional<Result<std::vector<model::UploadRecord>>> {
    const Result<bool> ended = database_->uploads.list_some(query, page);
    if (!ended) {
      return fail(ended.error());
    }
    return *ended ? std::optional(Result<std::vector<model::UploadRecord>>(std::move(page)))
                  : std::nullopt;
  };
  co_return co_await read_in_steps(std::move(work));
}

runtime::Task<Result<std::optional<model::VideoRecord>>> SqliteJournal::find_video(std::string id) {
  auto work = [this, id = std::move(id)] { return database_->videos.find(id); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<VideoPage>> SqliteJournal::list_videos(VideoQuery query) {
  auto work = [listing = VideoListing(database_->videos, std::move(query))]() mutable {
    return listing.step();
  };
  co_return co_await read_in_steps(std::move(work));
}

runtime::Task<Result<std::vector<model::VideoRecord>>> SqliteJournal::leftover_videos(
    std::string after, std::size_t count) {
  auto work = [this, after = std::move(after), count] {
    return database_->videos.leftover(after, count);
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::Notification>>> SqliteJournal::next_notifications(
    std::size_t count) {
  auto work = [this, count] { return database_->notifications.next(count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<std::uint64_t>>> SqliteJournal::claim(
    Work work, std::vector<std::uint64_t> ids, Lease lease) {
  const auto now =
      std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch());
  co_return claims_.claim(work, ids, lease, Timestamp(now));
}

runtime::Task<Result<>> SqliteJournal::release(Work work, std::vector<std::uint64_t> ids,
                                               std::string node) {
  claims_.release(work, ids, node);
  co_return Result<>();
}

runtime::Task<Result<std::vector<model::UploadRecord>>> SqliteJournal::uploads_after(
    std::uint64_t after, std::size_t count) {
  auto work = [this, after, count] { return database_->uploads.after(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::VideoRecord>>> SqliteJournal::videos_after(
    std::string after, std::size_t count) {
  auto work = [this, after = std::move(after), count] {
    return database_->videos.after(after, count);
  };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<model::Notification>>> SqliteJournal::notifications_after(
    std::uint64_t after, std::size_t count) {
  auto work = [this, after, count] { return database_->notifications.after(after, count); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<std::vector<UseSignature>>> SqliteJournal::signatures_after(
    std::string after, std::size_t count) {
  auto work = [this, after = std::move(after), count] {
    return database_->owners.signatures_after(after, count);
  };
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

runtime::Task<Result<>> SqliteJournal::remove_extents(std::uint64_t upload_id, ByteRange range) {
  co_return co_await read([=, this] { return database_->extents.remove_all(upload_id, range); });
}

runtime::Task<Result<std::vector<std::string>>> SqliteJournal::integrity_problems() {
  auto work = [this] { return database_->integrity_problems(); };
  co_return co_await read(std::move(work));
}

runtime::Task<Result<>> SqliteJournal::copy_to(std::string path) {
  // Made and ended on the journal's thread.
  auto begin = [this, &path] { return JournalCopy::begin(database_->connection, path); };
  Result<std::unique_ptr<JournalCopy>> copy = co_await read(std::move(begin));
  if (!copy) {
    co_return fail(copy.error());
  }
  for (;;) {
    auto work = [&copy]() -> Result<bool> {
      Result<bool> ended = (*copy)->step();
      if (!ended || *ended) {
        copy->reset();
      }
      return ended;
    };
    const Result<bool> ended = co_await read(std::move(work));
    if (!ended) {
      co_return fail(ended.error());
    }
    if (*ended) {
      co_return Result<>();
    }
  }
}

}  // namespace sluice::journal
