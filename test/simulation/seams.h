// SPDX-License-Identifier: MIT
// The disk and the store as a simulated engine sees them: with other requests in between and, on
// request, with a defect that the simulation has to find.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/range_set.h"
#include "runtime/disk.h"
#include "simulation/dice.h"
#include "support/forwarding_store.h"

namespace sluice::simulation {

enum class Defect {
  none,
  answers_before_sync,
  commits_before_sync,
  forgets_directory_sync,
  commits_before_it_is_durable,
  reports_unsynced_bytes,
  takeover_loses_bytes,
  ignores_the_machine_s_end,
  forgets_to_sync_the_journal,
  // In what dialects are told:
  tells_the_size_before_the_handoff,
  tells_another_answer,
  tells_of_unsynced_progress,
  tells_of_all_parts_before_the_handoff,
};

// Ignores sync_directory() with Defect::forgets_directory_sync.
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

class StoreSeam final : public testing::ForwardingStore {
 public:
  StoreSeam(store::Store& store, Dice& dice, Defect defect);

  std::unique_ptr<store::Blob> open(const store::BlobRef& blob) override;

  // Makes up for the syncs that a defect has put off.
  runtime::Task<> sync_late();
  // The bytes that were written and not yet synced.
  const RangeSet& unsynced(std::uint64_t upload_id) { return unsynced_[upload_id]; }

 protected:
  runtime::Task<Result<>> before_change() override;

 private:
  class Seam;

  Dice& dice_;
  const Defect defect_;
  std::vector<std::shared_ptr<store::Blob>> late_;
  std::map<std::uint64_t, RangeSet> unsynced_;
};

}  // namespace sluice::simulation
