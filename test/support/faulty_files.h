// SPDX-License-Identifier: MIT
// For tests: SQLite's own files, with writes that run out of room and syncs that fail on demand.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <limits>

namespace sluice::testing {

// During the life of this object, journals are opened on such files. One object at a time.
class FaultyFiles {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  FaultyFiles() : system_(sqlite3_vfs_find(nullptr)), files_(*system_) {
    files_.zName = "faulty";
    files_.pNext = nullptr;
    files_.xOpen = open;
    original_open_ = system_->xOpen;
    log_bytes_max = unlimited;
    database_bytes_max = unlimited;
    sync_fails = false;
    syncs = 0;
    sqlite3_vfs_register(&files_, 1);
  }
  ~FaultyFiles() {
    sqlite3_vfs_unregister(&files_);
    sqlite3_vfs_register(system_, 1);
  }
  FaultyFiles(const FaultyFiles&) = delete;
  FaultyFiles& operator=(const FaultyFiles&) = delete;

  // A write that ends beyond it fails for want of room.
  static inline std::atomic<std::int64_t> log_bytes_max = unlimited;
  static inline std::atomic<std::int64_t> database_bytes_max = unlimited;
  static inline std::atomic<bool> sync_fails = false;
  static inline std::atomic<int> syncs = 0;  // The number of calls.

 private:
  static int open(sqlite3_vfs* /*files*/, sqlite3_filename name, sqlite3_file* file, int flags,
                  int* flags_out) {
    const int code = original_open_(sqlite3_vfs_find("unix"), name, file, flags, flags_out);
    if (code != SQLITE_OK) {
      return code;
    }
    if ((flags & SQLITE_OPEN_WAL) != 0) {
      replace_methods<log_bytes_max>(file);
    } else if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
      replace_methods<database_bytes_max>(file);
    }
    return SQLITE_OK;
  }

  template <const std::atomic<std::int64_t>& bytes_max>
  static void replace_methods(sqlite3_file* file) {
    static const sqlite3_io_methods* original = nullptr;
    static sqlite3_io_methods methods;
    original = file->pMethods;
    methods = *original;
    methods.xWrite = [](sqlite3_file* of, const void* bytes, int count, sqlite3_int64 offset) {
      return offset + count > bytes_max ? SQLITE_FULL : original->xWrite(of, bytes, count, offset);
    };
    methods.xSync = [](sqlite3_file* of, int how) {
      ++syncs;
      return sync_fails ? SQLITE_IOERR_FSYNC : original->xSync(of, how);
    };
    file->pMethods = &methods;
  }

  static inline decltype(sqlite3_vfs::xOpen) original_open_ = nullptr;

  sqlite3_vfs* system_;
  sqlite3_vfs files_;
};

}  // namespace sluice::testing
