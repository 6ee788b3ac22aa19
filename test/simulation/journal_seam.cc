// SPDX-License-Identifier: MIT
#include "simulation/journal_seam.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "simulation/turns.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::simulation {

using model::UploadRecord;
using runtime::Task;

namespace {

Error unreadable() {
  return Error(Errc::storage_failed, "the journal cannot be read");
}

}  // namespace

const std::string& journal_directory() {
  static const sluice::testing::TemporaryDirectory directory;
  static const std::string path = directory.path();
  return path;
}

JournalSeam::JournalSeam(Dice& dice, Process& process, Defect defect, FaultyDisk& disk,
                         JournalKind kind, Durability durability)
    : dice_(dice),
      process_(process),
      defect_(defect),
      disk_(disk),
      kind_(kind),
      durability_(durability) {
  if (kind_ == JournalKind::sqlite) {
    disk_.add_directory_and_parents(journal_directory());
    files_ = std::make_unique<SqliteFiles>(disk_);
    open_sqlite();
  }
}

journal::Journal& JournalSeam::inner() {
  if (kind_ == JournalKind::memory) {
    return memory_;
  }
  return *sqlite_;
}

std::optional<std::string> JournalSeam::reopen(bool power_cut) {
  broken_ = false;
  has_missed_a_loss_ = false;
  boot_ += power_cut && defect_ != Defect::ignores_the_machine_s_end ? 1 : 0;
  if (kind_ == JournalKind::sqlite) {
    open_sqlite();
    std::optional<std::string> difference = compare_with_sqlite(power_cut);
    uncertain_.clear();
    return difference;
  }
  Content found{durable_uploads_, durable_videos_};
  if (durability_ == Durability::interval) {
    std::vector<Content> possible = possible_contents(power_cut);
    found = std::move(possible[dice_.below(possible.size())]);
  }
  memory_.uploads = std::move(found.uploads);
  memory_.videos = std::move(found.videos);
  make_durable();
  return std::nullopt;
}

// Without the changes of a failed commit, which may or may not be there.
std::vector<Content> JournalSeam::possible_contents(bool power_cut) const {
  // A write that fails may take unsynced commits, too.
  const FaultRates& faults = disk_.faults();
  if (!power_cut && faults.sync_error + faults.writeback_error == 0) {
    return {history_.back()};
  }
  std::vector<Content> possible = history_;
  if (power_cut && defect_ != Defect::ignores_the_machine_s_end) {
    for (Content& content : possible) {
      forget_unsynced(content);
    }
  }
  return possible;
}

// A failed opening is repeated on a sound disk. There it may fail twice more, because each of
// SQLite's two files may still report a write that failed before.
void JournalSeam::open_sqlite() {
  const FaultRates faults = disk_.faults();
  const std::string path = journal_directory() + "/journal";
  const std::string boot = "boot " + std::to_string(boot_);
  auto opened = journal::SqliteJournal::open(path, durability_, metrics_, log_, boot);
  disk_.set_faults(opened ? faults : FaultRates{});
  for (int file = 0; file <= 2 && !opened; ++file) {
    opened = journal::SqliteJournal::open(path, durability_, metrics_, log_, boot);
  }
  disk_.set_faults(faults);
  SLUICE_CHECK(opened.has_value());
  sqlite_ = std::move(*opened);
}

std::optional<std::string> JournalSeam::compare_with_sqlite(bool power_cut) {
  const FaultRates faults = disk_.faults();
  disk_.set_faults({});
  Result<Content> found = read_all(*sqlite_);
  disk_.set_faults(faults);
  if (!found) {
    return "the journal cannot be read: " + found.error().message();
  }
  std::vector<Content> possible = possible_contents(power_cut);
  Content with_uncertain = history_.back();
  apply_changes(with_uncertain, uncertain_);
  if (power_cut) {
    forget_unsynced(with_uncertain);
  }
  possible.push_back(std::move(with_uncertain));
  if (std::ranges::find(possible, *found) == possible.end()) {
    return "the journal has lost, or half of, a commit";
  }
  memory_.uploads = std::move(found->uploads);
  memory_.videos = std::move(found->videos);
  make_durable();
  return std::nullopt;
}

void JournalSeam::make_durable() {
  durable_uploads_ = memory_.uploads;
  durable_videos_ = memory_.videos;
  history_ = {Content{durable_uploads_, durable_videos_}};
}

// The contents that every process finds as long as the machine has power.
void JournalSeam::keep_for_now() {
  durable_uploads_ = memory_.uploads;
  durable_videos_ = memory_.videos;
  history_.push_back({durable_uploads_, durable_videos_});
}

bool JournalSeam::is_synced(const std::vector<journal::Change>& changes) const {
  if (durability_ == Durability::commit) {
    return true;
  }
  return std::ranges::any_of(changes, [this](const journal::Change& change) {
    if (std::holds_alternative<journal::SyncJournal>(change)) {
      return defect_ != Defect::forgets_to_sync_the_journal;
    }
    const auto* const update = std::get_if<journal::UpdateUpload>(&change);
    return update == nullptr || !update->may_be_lost;
  });
}

// An upload that begins anew under its token loses against the reaper of the former one. All other
// changes are based on what this process alone has made.
std::optional<Error> JournalSeam::contradiction(const std::vector<journal::Change>& changes) const {
  for (const journal::Change& change : changes) {
    const auto* const update = std::get_if<journal::UpdateUpload>(&change);
    const auto* const remove = std::get_if<journal::RemoveUpload>(&change);
    if (update == nullptr && (remove == nullptr || !remove->version)) {
      continue;
    }
    const auto known = memory_.uploads.find(update != nullptr ? update->id : remove->id);
    const std::uint64_t version = update != nullptr ? update->progress.version : *remove->version;
    if (known == memory_.uploads.end() || known->second.progress.version != version) {
      return Error(Errc::conflict, "the change contradicts the journal");
    }
  }
  return std::nullopt;
}

// The simulation stands still during the commit: the journal's thread alone works on the disk.
Result<> JournalSeam::commit_to_sqlite(const std::vector<journal::Change>& changes) {
  const Result<> done = sluice::testing::run(sqlite_->commit(changes));
  if (done && process_.alive) {
    return done;
  }
  const bool is_undone = !done && process_.alive && done.error().code() == Errc::disk_full;
  if (is_undone != (process_.alive && sqlite_->healthy())) {
    violation_ = "the journal goes on after a failed commit, or stops after a full disk";
  }
  if (!is_undone) {
    broken_ = true;
    uncertain_ = changes;
  }
  return done ? fail(Errc::storage_failed, "the process has died") : done;
}

Task<Result<>> JournalSeam::commit(std::vector<journal::Change> changes) {
  const bool takes_back = takes_bytes_back(changes);
  const Result<> done = co_await commit_one(std::move(changes));
  has_missed_a_loss_ = has_missed_a_loss_ || (takes_back && !done);
  co_return done;
}

bool JournalSeam::takes_bytes_back(const std::vector<journal::Change>& changes) const {
  return std::ranges::any_of(changes, [this](const journal::Change& change) {
    const auto* const update = std::get_if<journal::UpdateUpload>(&change);
    const auto known =
        update == nullptr ? durable_uploads_.end() : durable_uploads_.find(update->id);
    return known != durable_uploads_.end() &&
           update->progress.stored.total() < known->second.progress.stored.total();
  });
}

Task<Result<>> JournalSeam::commit_one(std::vector<journal::Change> changes) {
  co_await wait_some_turns(dice_);
  if (!process_.alive || broken_) {
    co_return fail(Errc::storage_failed, "the journal takes no changes any more");
  }
  if (const std::optional<Error> found = contradiction(changes)) {
    co_return fail(*found);
  }
  if (dice_.chance(faults_.death_before)) {
    process_.alive = false;
    co_return fail(Errc::storage_failed, "the process has died");
  }
  broken_ = dice_.chance(faults_.failure);
  if (broken_ && dice_.chance(0.5)) {
    co_return fail(Errc::storage_failed, "planted failure of the journal");
  }
  if (defect_ == Defect::commits_before_it_is_durable) {
    make_durable();  // The changes of earlier commits.
  }
  ++commits_;
  if (sqlite_) {
    if (Result<> kept = commit_to_sqlite(changes); !kept) {
      co_return kept;
    }
  }
  const bool synced = is_synced(changes);
  const Result<> applied = co_await memory_.commit(std::move(changes));
  if (defect_ != Defect::commits_before_it_is_durable) {
    synced ? make_durable() : keep_for_now();
  }
  if (dice_.chance(faults_.death_after)) {
    process_.alive = false;
  }
  if (broken_ || !process_.alive) {
    co_return fail(Errc::storage_failed, "the outcome of the commit is unknown");
  }
  co_await store_->sync_late();
  co_await wait_some_turns(dice_);
  co_return applied;
}

bool JournalSeam::fails_to_read() {
  return !process_.alive || dice_.chance(faults_.read_error);
}

Task<Result<std::optional<UploadRecord>>> JournalSeam::find_upload(std::string token) {
  co_await wait_some_turns(dice_);
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  co_return co_await ForwardingJournal::find_upload(std::move(token));
}

Task<Result<std::optional<UploadRecord>>> JournalSeam::find_upload_by_id(std::uint64_t id) {
  co_await wait_some_turns(dice_);
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  co_return co_await ForwardingJournal::find_upload_by_id(id);
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::due(Timestamp now,
                                                         journal::ExpiryPosition after,
                                                         std::size_t count) {
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  auto found = co_await ForwardingJournal::due(now, after, count);
  co_await wait_some_turns(dice_);
  co_return found;
}

Task<Result<std::vector<journal::Decided>>> JournalSeam::decided(journal::Decided after,
                                                                 Timestamp until,
                                                                 std::size_t count) {
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  co_return co_await ForwardingJournal::decided(after, until, count);
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::leftover_blobs(std::uint64_t after,
                                                                    std::size_t count) {
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  auto found = co_await ForwardingJournal::leftover_blobs(after, count);
  co_await wait_some_turns(dice_);
  co_return found;
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::unsynced(std::uint64_t after,
                                                              std::size_t count) {
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  co_return co_await ForwardingJournal::unsynced(after, count);
}

Task<Result<std::vector<UploadRecord>>> JournalSeam::unmade(std::uint64_t after,
                                                            std::size_t count) {
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  co_return co_await ForwardingJournal::unmade(after, count);
}

Task<Result<std::optional<model::VideoRecord>>> JournalSeam::find_video(std::string id) {
  if (fails_to_read()) {
    co_return fail(unreadable());
  }
  co_return co_await ForwardingJournal::find_video(std::move(id));
}

}  // namespace sluice::simulation
