// SPDX-License-Identifier: MIT
// The journal as a simulated engine sees it: with other requests in between and with a process that
// may die. It stands in memory, where a commit is atomic and durable when it returns, or it is the
// real one on SQLite, on the simulated disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/durability.h"
#include "base/log.h"
#include "base/metrics.h"
#include "journal/journal.h"
#include "journal/sqlite_journal.h"
#include "simulation/dice.h"
#include "simulation/faulty_disk.h"
#include "simulation/seams.h"
#include "simulation/sqlite_content.h"
#include "simulation/sqlite_files.h"
#include "support/forwarding_journal.h"
#include "support/memory_journal.h"
#include "support/run.h"

namespace sluice::simulation {

struct JournalFaults {
  double death_before = 0;
  double death_after = 0;  // The commit is durable, and no caller hears of it.
  double failure = 0;      // The same or not durable. No change is taken until the next start.
  double read_error = 0;
};

enum class JournalKind { memory, sqlite };

// A real directory, the same for all runs of this process: SQLite's journal creates its file there
// before it asks for the simulated one of the same name.
const std::string& journal_directory();

// Lives as long as the disk.
class JournalSeam final : public testing::ForwardingJournal<JournalSeam> {
 public:
  JournalSeam(Dice& dice, Process& process, Defect defect, FaultyDisk& disk, JournalKind kind,
              Durability durability = Durability::commit);

  void set_faults(JournalFaults faults) { faults_ = faults; }
  // Is called after each commit.
  void set_store(StoreSeam* store) { store_ = store; }
  // The process that has the journal open has died.
  void close() { sqlite_.reset(); }
  // A new process opens the journal. Returns what its contents violate, if anything.
  std::optional<std::string> reopen(bool power_cut);
  // The uploads that every later process finds, but for a commit with an unknown outcome.
  const std::map<std::uint64_t, model::UploadRecord>& durable_uploads() const {
    return durable_uploads_;
  }
  std::uint64_t commits() const { return commits_; }
  // The description of a failed commit after which the real journal did not stop.
  const std::optional<std::string>& violation() const { return violation_; }

  // SQLite's thread alone works on the disk while the call waits for it.
  template <class Call>
  std::invoke_result_t<Call&, journal::Journal&> forward(Call call) {
    co_return testing::run(call(inner()));
  }
  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload(std::string token) override;
  runtime::Task<Result<std::optional<model::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> due(Timestamp now,
                                                              journal::ExpiryPosition after,
                                                              std::size_t count) override;
  runtime::Task<Result<std::vector<journal::Decided>>> decided(journal::Decided after,
                                                               Timestamp until,
                                                               std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> leftover_blobs(
      std::uint64_t after, std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> unsynced(std::uint64_t after,
                                                                   std::size_t count) override;
  runtime::Task<Result<std::vector<model::UploadRecord>>> unmade(std::uint64_t after,
                                                                 std::size_t count) override;
  runtime::Task<Result<std::optional<model::VideoRecord>>> find_video(std::string id) override;
  bool healthy() const noexcept override { return !broken_; }
  // Bytes did not reach the disk, and the commit that would have recorded the loss failed too: no
  // later process in the same run of the machine can know.
  bool has_missed_a_loss() const noexcept { return has_missed_a_loss_; }

 private:
  journal::Journal& inner();
  std::optional<Error> contradiction(const std::vector<journal::Change>& changes) const;
  bool fails_to_read();
  void make_durable();
  void keep_for_now();
  runtime::Task<Result<>> commit_one(std::vector<journal::Change> changes);
  bool takes_bytes_back(const std::vector<journal::Change>& changes) const;
  bool is_synced(const std::vector<journal::Change>& changes) const;
  Result<> commit_to_sqlite(const std::vector<journal::Change>& changes);
  void open_sqlite();
  std::vector<Content> possible_contents(bool power_cut) const;
  std::optional<std::string> compare_with_sqlite(bool power_cut);

  Dice& dice_;
  Process& process_;
  const Defect defect_;
  FaultyDisk& disk_;
  const JournalKind kind_;
  JournalFaults faults_;
  StoreSeam* store_ = nullptr;
  Metrics metrics_;
  NullLog log_;
  testing::MemoryJournal memory_;
  std::unique_ptr<SqliteFiles> files_;
  std::unique_ptr<journal::SqliteJournal> sqlite_;
  std::vector<journal::Change> uncertain_;  // Of a failed commit: SQLite has all or none.
  std::map<std::uint64_t, model::UploadRecord> durable_uploads_;
  std::map<std::string, model::VideoRecord> durable_videos_;
  // The contents to which a power cut may lead back, the latest last: those after the last commit
  // that was synced, and those after each commit since.
  std::vector<Content> history_{Content{}};
  const Durability durability_;
  std::uint64_t boot_ = 1;
  bool broken_ = false;
  bool has_missed_a_loss_ = false;
  std::uint64_t commits_ = 0;
  std::optional<std::string> violation_;
};

}  // namespace sluice::simulation
