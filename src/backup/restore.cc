// SPDX-License-Identifier: MIT
#include "backup/restore.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "backup/backup.h"
#include "fsck/directory.h"
#include "journal/sqlite_schema.h"
#include "runtime/posix_disk.h"

namespace sluice::backup {
namespace {

namespace fs = std::filesystem;

constexpr const char* unfinished_folder = "/restore.unfinished";

Result<> expect_backup(const std::string& backup) {
  // With the dot a path that ends with a slash has a last name, too.
  const fs::path name = (fs::path(backup) / ".").lexically_normal().parent_path();
  if (name.native().ends_with(NewBackup::unfinished)) {
    return fail(Errc::storage_failed, backup + " is a backup that came to no end");
  }
  if (Result<> there = fsck::expect_journal(backup); !there) {
    return there;
  }
  const auto log = fsck::size_of(backup + "/journal.sqlite-wal");
  if (!log) {
    return fail(log.error());
  }
  return log->value_or(0) == 0
             ? Result<>()
             : fail(Errc::storage_failed, backup +
                                              " is no backup: a server has used it as its data "
                                              "directory and was not stopped, or runs");
}

Result<> expect_empty(const std::string& directory) {
  return fsck::for_each_name(directory, [&](const std::string& name) -> Result<> {
    return name == "lost+found"
               ? Result<>()
               : fail(Errc::storage_failed, directory + " is not empty: it holds " + name);
  });
}

// Unset where files are this process's anyway, or cannot be given away.
Result<std::optional<Owner>> owner_of(const std::string& directory) {
  struct stat status{};
  if (::stat(directory.c_str(), &status) != 0) {
    return fail(storage_error(errno, "look at", directory));
  }
  return ::geteuid() == 0 ? std::optional(Owner{status.st_uid, status.st_gid}) : std::nullopt;
}

// Opening it refuses what this program does not know.
Result<> check_journal(const std::string& directory) {
  const auto journal = journal::open_database(directory + "/journal.sqlite", Durability::commit);
  return journal ? Result<>() : fail(journal.error());
}

// The journal last: without it this is no data directory.
Result<> move_up(const std::string& inner, const std::string& directory) {
  runtime::PosixDisk disk;
  Result<> done = fsck::for_each_name(inner, [&](const std::string& name) {
    return name == "journal.sqlite" ? Result<>()
                                    : disk.rename(inner + "/" + name, directory + "/" + name);
  });
  if (done) {
    done = disk.sync_directory(directory);
  }
  if (done) {
    done = disk.rename(inner + "/journal.sqlite", directory + "/journal.sqlite");
  }
  std::error_code error;
  if (done && !fs::remove(inner, error)) {
    done = fail(storage_error(error.value(), "remove", inner));
  }
  return done ? disk.sync_directory(directory) : done;
}

Result<Copied> copy_into(const std::string& backup, const std::string& inner,
                         const std::optional<Owner>& owner) {
  DataCopy copy(backup, inner, owner);
  Result<> done = copy.copy_journal();
  if (done) {
    done = check_journal(inner);
  }
  if (done) {
    done = copy.copy_files();
  }
  if (done) {
    done = sync_file_system(inner);
  }
  return done ? Result<Copied>(copy.copied()) : fail(done.error());
}

}  // namespace

Result<Copied> restore(const std::string& backup, const std::string& directory) {
  runtime::PosixDisk disk;
  Result<> ready = expect_backup(backup);
  if (ready) {
    ready = disk.make_directory(directory);
  }
  if (ready) {
    ready = expect_empty(directory);
  }
  const std::string inner = directory + unfinished_folder;
  if (ready) {
    ready = disk.make_directory(inner);
  }
  if (!ready) {
    return fail(ready.error());
  }
  const Result<std::optional<Owner>> owner = owner_of(directory);
  Result<Copied> copied = owner ? copy_into(backup, inner, *owner) : fail(owner.error());
  if (!copied) {
    std::error_code ignored;
    fs::remove_all(inner, ignored);
    return copied;
  }
  const Result<> moved = move_up(inner, directory);
  return moved ? std::move(copied) : fail(moved.error());
}

}  // namespace sluice::backup
