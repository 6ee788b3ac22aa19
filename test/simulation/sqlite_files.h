// SPDX-License-Identifier: MIT
// SQLite's files on a faulty disk. Like SQLite's own files on Unix they sync the directory of a new
// journal or write-ahead log together with its first bytes.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "simulation/faulty_disk.h"

namespace sluice::simulation {

// During the life of this object, databases are opened on `disk`. One object at a time. The disk is
// called on the thread that calls SQLite.
class SqliteFiles {
 public:
  explicit SqliteFiles(FaultyDisk& disk);
  ~SqliteFiles();
  SqliteFiles(const SqliteFiles&) = delete;
  SqliteFiles& operator=(const SqliteFiles&) = delete;

  FaultyDisk& disk() { return disk_; }

 private:
  FaultyDisk& disk_;
  sqlite3_vfs* const system_;
  sqlite3_vfs files_{};
};

}  // namespace sluice::simulation
