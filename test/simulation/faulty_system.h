// SPDX-License-Identifier: MIT
// System calls on a faulty disk: they are interrupted by signals, they write and read less than
// they were asked for, and the process can die in each of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/system_calls.h"
#include "simulation/faulty_disk.h"

namespace sluice::simulation {

class FaultySystem final : public runtime::SystemCalls {
 public:
  FaultySystem(FaultyDisk& disk, Dice& dice) : disk_(disk), dice_(dice) {}

  // Probabilities that a call fails with EINTR, and that it moves fewer bytes than it could.
  // The code above has to hide both.
  void set_interruptions(double interrupted, double short_count) {
    interrupted_ = interrupted;
    short_count_ = short_count;
  }
  std::uint64_t interruptions() const { return interruptions_; }
  std::uint64_t short_counts() const { return short_counts_; }
  std::uint64_t bytes_moved() const { return bytes_moved_; }
  std::size_t open_files() const { return files_.size(); }

  int open(const char* path, int flags, mode_t mode) override;
  int close(int descriptor) override;
  ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t offset) override;
  ssize_t splice(int from, int to, off_t* to_offset, std::size_t size) override;
  // Never: the bytes are read and written.
  ssize_t copy_file_range(int from, off_t* from_offset, int to, off_t* to_offset,
                          std::size_t size) override;
  ssize_t pread(int descriptor, void* buffer, std::size_t size, off_t offset) override;
  int fallocate(int descriptor, int mode, off_t offset, off_t size) override;
  int ftruncate(int descriptor, off_t size) override;
  int sync_file_range(int descriptor, off_t offset, off_t size, unsigned flags) override;
  int fdatasync(int descriptor) override;
  int fsync(int descriptor) override;
  int fstat(int descriptor, struct stat* status) override;
  int lstat(const char* path, struct stat* status) override;
  int rename(const char* from, const char* to) override;
  int unlink(const char* path) override;
  int mkdir(const char* path, mode_t mode) override;
  int statvfs(const char* path, struct statvfs* status) override;

 private:
  struct Open {
    std::string path;
    std::unique_ptr<runtime::DiskFile> file;  // Null for a directory.
  };

  Open& at(int descriptor);
  bool is_interrupted();
  std::size_t perhaps_less(std::size_t size);

  FaultyDisk& disk_;
  Dice& dice_;
  double interrupted_ = 0;
  double short_count_ = 0;
  std::uint64_t interruptions_ = 0;
  std::uint64_t short_counts_ = 0;
  std::uint64_t bytes_moved_ = 0;
  std::map<int, Open> files_;
  int next_descriptor_ = 3;
};

}  // namespace sluice::simulation
