// SPDX-License-Identifier: MIT
// The store and the journal as a simulated engine sees them: with other requests in between, with
// a process that may die, and, on request, with a defect that the simulation has to find.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "simulation/dice.h"
#include "store/store.h"
#include "support/memory_journal.h"

namespace sluice::simulation {

enum class Defect {
  none,
  answers_before_sync,
  commits_before_sync,
  forgets_directory_sync,
  commits_before_it_is_durable,
};

// Ignores sync_directory when it has that defect.
class DiskSeam final : public runtime::Disk {
 public:
  DiskSeam(runtime::Disk& disk, Defect defect) : disk_(disk), defect_(defect) {}

  Result<std::unique_ptr<runtime::DiskFile>> open(const std::string& path,
                                                  runtime::OpenMode mode) override {
    return disk_.open(path, mode);
  }
  Result<> rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Result<> remove(const std::string& path) override { return disk_.remove(path); }
  Result<bool> exists(const std::string& path) override { return disk_.exists(path); }
  Result<> make_directory(const std::string& path) override { return disk_.make_directory(path); }
  Result<> sync_directory(const std::string& path) override {
    return defect_ == Defect::forgets_directory_sync ? Result<>() : disk_.sync_directory(path);
  }
  Result<runtime::DiskSpace> space(const std::string& path) override { return disk_.space(path); }

 private:
  runtime::Disk& disk_;
  const Defect defect_;
};

class StoreSeam final : public store::Store {
 public:
  StoreSeam(store::Store& store, Dice& dice, Defect defect);

  runtime::Task<Result<std::unique_ptr<store::Blob>>> open(std::uint64_t upload_id,
                                                           std::uint64_t file_size,
                                                           std::uint64_t stored_end) override;
  runtime::Task<Result<>> remove(std::uint64_t upload_id) override;
  runtime::Task<Result<>> move_to(std::uint64_t upload_id, std::uint64_t file_size,
                                  std::string path) override;
  runtime::Task<Result<runtime::DiskSpace>> space() override;

  // The syncs that a defect has put off.
  runtime::Task<> sync_late();

 private:
  class Seam;

  store::Store& store_;
  Dice& dice_;
  const Defect defect_;
  std::vector<std::shared_ptr<store::Blob>> late_;
};

struct JournalFaults {
  double death_before = 0;
  double death_after = 0;  // Durable, and nobody hears of it.
  double failure = 0;      // Durable or not; nothing more is accepted until the next start.
  double read_error = 0;
};

// Lives as long as the disk; a commit is atomic, and durable when it returns.
class JournalSeam final : public journal::Journal {
 public:
  JournalSeam(Dice& dice, Process& process, Defect defect);

  void set_faults(JournalFaults faults) { faults_ = faults; }
  // Is called after each commit.
  void set_store(StoreSeam* store) { store_ = store; }
  // A new process opens it.
  void reopen();
  const std::map<std::uint64_t, journal::UploadRecord>& durable_uploads() const {
    return durable_uploads_;
  }
  std::uint64_t commits() const { return commits_; }

  runtime::Task<Result<>> commit(std::vector<journal::Change> changes) override;
  std::uint64_t next_upload_id() override { return memory_.next_upload_id(); }
  std::uint64_t promised_bytes() const noexcept override { return memory_.promised_bytes(); }
  std::uint64_t unfinished_uploads() const noexcept override {
    return memory_.unfinished_uploads();
  }
  runtime::Task<Result<std::optional<journal::UploadRecord>>> find_upload(
      std::string token) override;
  runtime::Task<Result<std::optional<journal::UploadRecord>>> find_upload_by_id(
      std::uint64_t id) override;
  runtime::Task<Result<std::vector<journal::UploadRecord>>> undelivered(std::uint64_t after,
                                                                        std::size_t count) override;
  runtime::Task<Result<std::vector<journal::UploadRecord>>> due(Timestamp now,
                                                                std::size_t count) override;
  runtime::Task<Result<std::vector<journal::UploadRecord>>> leftover_blobs(
      std::size_t count) override;
  runtime::Task<Result<std::map<journal::UploadState, std::uint64_t>>> upload_counts() override;
  runtime::Task<Result<std::optional<journal::VideoRecord>>> find_video(std::string id) override;
  runtime::Task<Result<journal::VideoPage>> list_videos(journal::VideoQuery query) override;
  runtime::Task<Result<std::vector<journal::VideoRecord>>> leftover_videos(
      std::size_t count) override;
  bool healthy() const noexcept override { return !broken_; }

 private:
  bool contradicts(const std::vector<journal::Change>& changes) const;
  bool fails_to_read();
  void make_durable();

  Dice& dice_;
  Process& process_;
  const Defect defect_;
  JournalFaults faults_;
  StoreSeam* store_ = nullptr;
  testing::MemoryJournal memory_;
  std::map<std::uint64_t, journal::UploadRecord> durable_uploads_;
  std::map<std::string, journal::VideoRecord> durable_videos_;
  bool broken_ = false;
  std::uint64_t commits_ = 0;
};

}  // namespace sluice::simulation
