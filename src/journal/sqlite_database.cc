// SPDX-License-Identifier: MIT
#include "journal/sqlite_database.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <variant>

namespace sluice::journal {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

// The change is wrong or refused; the database is as it was, and other commits are not concerned.
bool concerns_one_commit(Errc code) {
  return code == Errc::internal || code == Errc::conflict || code == Errc::not_authorized ||
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

Result<> SqliteDatabase::set_synced(bool synced) {
  if (synced == is_synced_) {
    return {};
  }
  Result<> done =
      connection.execute(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  if (done) {
    is_synced_ = synced;
  }
  return done;
}

Result<> SqliteDatabase::prepare() {
  // Immediate: a transaction that begins as a reader could find the file locked when it writes.
  Result<> done = connection.prepare_all({{&begin_, "BEGIN IMMEDIATE"},
                                          {&commit_, "COMMIT"},
                                          {&rollback_, "ROLLBACK"},
                                          {&empty_log_, "PRAGMA wal_checkpoint(RESTART)"}});
  if (done) {
    done = uploads.prepare();
  }
  if (done) {
    done = extents.prepare();
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

Result<Promises> SqliteDatabase::promises() {
  const Result<std::uint64_t> bytes = uploads.promised_bytes();
  if (!bytes) {
    return fail(bytes.error());
  }
  Result<std::map<model::UploadState, std::uint64_t>> counts = uploads.counts();
  if (!counts) {
    return fail(counts.error());
  }
  Result<std::vector<PromisedRoom>> to_owners = uploads.promised_to_owners();
  if (!to_owners) {
    log_.warn("the room that earlier uploads wait for counts for none of their owners",
              {{"reason", to_owners.error().message()}});
    to_owners.emplace();
  }
  return Promises{*bytes, *std::move(to_owners), (*counts)[model::UploadState::receiving]};
}

Result<std::vector<std::string>> SqliteDatabase::integrity_problems() {
  Result<Statement> statement = connection.prepare("PRAGMA integrity_check");
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

void SqliteDatabase::write_batch(std::span<Commit> commits) {
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

Result<> SqliteDatabase::write_transaction(std::span<Commit> commits) {
  if (!healthy()) {
    return fail(Errc::storage_failed, "journal " + connection.path() +
                                          " takes no more changes after a failed commit: restart");
  }
  Result<> done = try_transaction(commits);
  // The content of the write-ahead log may fit into the database; the log is then used again from
  // its beginning and need not grow. Without this, a full disk would refuse the very commits that
  // free it.
  if (!done && done.error().code() == Errc::disk_full && healthy()) {
    const Result<bool> emptied = Execution(empty_log_).step();
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
Result<> SqliteDatabase::try_transaction(std::span<Commit> commits) {
  const auto started = std::chrono::steady_clock::now();
  Result<> done = run_transaction(commits);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  metrics_.commit_seconds.observe(taken.count());
  if (done) {
    return done;
  }
  bool undone = true;
  if (connection.in_transaction()) {
    undone = Execution(rollback_).finish().has_value();
  }
  const Errc code = done.error().code();
  if (!undone || (!concerns_one_commit(code) && code != Errc::disk_full)) {
    stop_for_good();
  }
  return done;
}

Result<> SqliteDatabase::run_transaction(std::span<Commit> commits) {
  Result<> done;
  if (durability_ == Durability::interval) {
    done = set_synced(any_change(commits, must_be_synced));
  }
  if (done) {
    done = Execution(begin_).finish();
  }
  if (done) {
    done = apply_all(commits);
  }
  if (done) {
    done = Execution(commit_).finish();
  }
  // A transaction that changes nothing syncs nothing.
  if (done && durability_ == Durability::interval && any_change(commits, asks_for_sync)) {
    done = connection.sync_log();
  }
  return done;
}

void SqliteDatabase::stop_for_good() {
  healthy_.store(false, std::memory_order_relaxed);
  connection.keep_log_at_close(true);
}

Result<> SqliteDatabase::apply_all(std::span<Commit> commits) {
  for (const Commit& commit : commits) {
    for (const Change& change : commit.changes) {
      if (Result<> applied = apply(change); !applied) {
        return applied;
      }
    }
  }
  return {};
}

Result<> SqliteDatabase::create(const CreateUpload& create) {
  Result<> done = uploads.create(create.record);
  if (done) {
    done = extents.add(create.record.id, create.extents);
  }
  return done ? owners.check(create.record.owner, create.limits) : done;
}

Result<> SqliteDatabase::update(const UpdateUpload& update) {
  const Result<> done = uploads.update(update);
  return done && update.progress.blob_present ? extents.add(update.id, update.extents) : done;
}

Result<> SqliteDatabase::apply(const Change& change) {
  const Overloaded applied{
      [&](const CreateUpload& upload) { return create(upload); },
      [&](const UseSignature& use) { return owners.use_signature(use); },
      [&](const UpdateUpload& upload) { return update(upload); },
      [&](const ReplaceExtents& replace) { return extents.replace(replace); },
      [](const SyncJournal& /*sync*/) { return Result<>(); },
      [&](const RemoveUpload& remove) { return uploads.remove(remove); },
      [&](const PutVideo& put) { return videos.put(put.record); },
      [&](const RemoveVideo& remove) { return videos.remove(remove.id); },
      [&](const AddNotification& add) { return notifications.add(add.notification); },
      [&](const PostponeNotification& postpone) { return notifications.postpone(postpone); },
      [&](const RemoveNotification& remove) { return notifications.remove(remove.id); },
  };
  return std::visit(applied, change);
}

}  // namespace sluice::journal
