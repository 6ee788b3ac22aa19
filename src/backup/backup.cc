// SPDX-License-Identifier: MIT
#include "backup/backup.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "fsck/directory.h"
#include "journal/sqlite_schema.h"
#include "runtime/posix_disk.h"

namespace sluice::backup {
namespace {

namespace fs = std::filesystem;

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

Result<> expect_nothing(const std::string& path, const char* what) {
  const Result<bool> there = runtime::PosixDisk().exists(path);
  if (!there) {
    return fail(there.error());
  }
  return *there ? Result<>(fail(Errc::storage_failed, path + " is there already" + what))
                : Result<>();
}

// Bytes that the journal calls unsynced are synced here, on whichever machine this is read.
Result<> name_all_synced(const std::string& journal_file) {
  Result<journal::Connection> journal = journal::open_database(journal_file, Durability::commit);
  return journal ? journal->execute("UPDATE uploads SET unsynced = '' WHERE unsynced <> ''")
                 : fail(journal.error());
}

}  // namespace

Result<NewBackup> NewBackup::begin(std::string path) {
  NewBackup backup(without_slashes(std::move(path)));
  Result<> done = expect_nothing(backup.path_, "");
  if (done) {
    done = expect_nothing(backup.directory(),
                          ": a backup that came to no end, or one that is being made; remove it");
  }
  if (done) {
    done = runtime::PosixDisk().make_directory(backup.directory());
  }
  return done ? Result<NewBackup>(std::move(backup)) : fail(done.error());
}

Result<> NewBackup::copy(const std::string& from) {
  DataCopy copy(from, directory());
  Result<> done = copy.copy_journal();
  if (done) {
    done = copy.copy_files();
  }
  copied_ = copy.copied();
  return done;
}

Result<fsck::Summary> NewBackup::check(const Clock& clock, const fsck::Say& say) {
  const fsck::Options options{.directory = directory(), .repair = true, .moves_aside_alone = true};
  const auto say_findings = [&say](const std::string& line) {
    if (line.starts_with("found: ")) {
      say(line);
    }
  };
  Result<fsck::Summary> summary = fsck::run(options, clock, say_findings);
  if (!summary) {
    return summary;
  }
  const Result<> removed =
      fsck::for_each_name(directory(), [this](const std::string& name) -> Result<> {
        const std::string path = directory() + "/" + name;
        std::error_code error;
        if (name == "lock" || name.starts_with("lost+found-")) {
          fs::remove_all(path, error);
        }
        return error ? Result<>(fail(storage_error(error.value(), "remove", path))) : Result<>();
      });
  return removed ? std::move(summary) : fail(removed.error());
}

Result<> NewBackup::finish() {
  runtime::PosixDisk disk;
  Result<> done = sync_file_system(directory());
  if (done) {
    done = name_all_synced(directory() + "/journal.sqlite");
  }
  if (done) {
    done = sync_file_system(directory());
  }
  if (done) {
    done = disk.rename(directory(), path_);
  }
  const std::string parent = fs::path(path_).parent_path().string();
  return done ? disk.sync_directory(parent.empty() ? "." : parent) : done;
}

void NewBackup::give_up() {
  std::error_code ignored;
  fs::remove_all(directory(), ignored);
}

}  // namespace sluice::backup
