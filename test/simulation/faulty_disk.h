// SPDX-License-Identifier: MIT
// A disk in memory that loses power. Bytes live in a cache and on a platter, names in memory and in
// a durable directory; only a sync makes one out of the other. Models ext4 and XFS: a rename is
// atomic, sectors are written whole, a failed sync of a file loses its dirty sectors and the next
// one reports success; a failed sync of a directory loses nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/disk.h"
#include "simulation/dice.h"

namespace sluice::simulation {

// The directory of a path.
std::string parent_of(const std::string& path);

// Probabilities for one call.
struct FaultRates {
  double write_error = 0;  // EIO or ENOSPC after a part of the bytes.
  double read_error = 0;
  double sync_error = 0;
  double directory_sync_error = 0;
  double name_error = 0;       // Open, create, rename, remove.
  double writeback = 0;        // Some dirty sectors of some file reach the platter by themselves.
  double writeback_error = 0;  // The sectors are lost; the next sync reports it.
};

class FaultyDisk final : public runtime::Disk {
 public:
  FaultyDisk(Dice& dice, Process& process, std::size_t sector_bytes);

  void set_faults(FaultRates rates) { rates_ = rates; }
  const FaultRates& faults() const { return rates_; }
  // The process dies in the call after `calls` more: before, in the middle or after its effect.
  void die_after(std::uint64_t calls) { calls_to_live_ = calls + 1; }
  void live_on() { calls_to_live_.reset(); }
  // For SQLite's files: runtime::Disk has no use for it. Durable with the file's next sync.
  Result<> truncate(const std::string& path, std::uint64_t size);
  // A directory whose name is durable.
  void add_directory(const std::string& path);
  void add_directory_and_parents(const std::string& path);

  // A random part of the unsynced names and sectors is lost, each by itself.
  void cut_power();

  // The bytes of a file after a power cut now that loses everything unsynced.
  std::optional<std::string> durable_bytes(const std::string& path) const;
  std::optional<std::string> visible_bytes(const std::string& path) const;
  std::vector<std::string> visible_files() const;
  std::uint64_t calls() const { return calls_; }
  std::uint64_t failed_syncs() const { return failed_syncs_; }
  // The next open() of one of the files reports a write that has failed.
  bool hides_failed_writes() const;

  Result<std::unique_ptr<runtime::DiskFile>> open(const std::string& path,
                                                  runtime::OpenMode mode) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> remove(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<> make_directory(const std::string& path) override;
  Result<> sync_directory(const std::string& path) override;
  Result<runtime::DiskSpace> space(const std::string& path) override;

 private:
  class File;
  struct Node {
    bool is_directory = false;
    std::string cache;
    std::string platter;
    std::set<std::size_t> dirty;  // Sectors.
    // Failed writebacks. Every open descriptor reports each once; the next one to be opened reports
    // those that no descriptor has reported yet (Linux 4.16, lib/errseq.c).
    std::uint64_t lost_batches = 0;
    std::uint64_t heard_batches = 0;
  };
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;
  // Atomic. A null node: the name goes.
  struct NameChange {
    std::vector<std::pair<std::string, NodePointer>> entries;
    std::string directory;
    std::string left_directory;  // Of a rename.
  };

  // Counts the call and decides about the process. When it dies after the effect this succeeds.
  Result<> begin_call();
  Result<> begin_call(double error_rate);
  void write_back_somewhere();
  void write_back(Node& node);
  void write_cache(Node& node, std::uint64_t offset, Bytes data) const;
  void persist(Node& node, std::size_t sector) const;
  void persist_all(Node& node) const;
  void lose_dirty(Node& node);
  void change_names(NameChange change);
  std::size_t make_durable(std::size_t index);
  void drop_files_without_directory();
  Result<> no_such_file(const std::string& path) const;

  Dice& dice_;
  Process& process_;
  const std::size_t sector_bytes_;
  FaultRates rates_;
  std::optional<std::uint64_t> calls_to_live_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_;
  std::uint64_t calls_ = 0;
  std::uint64_t failed_syncs_ = 0;
};

}  // namespace sluice::simulation
