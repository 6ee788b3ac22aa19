// SPDX-License-Identifier: MIT
#include "backup/backup.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/limits.h"
#include "commands/commands.h"
#include "commands/control_client.h"
#include "fsck/blocking_journal.h"
#include "fsck/directory.h"
#include "store/data_directory.h"
#include "store/directory_lock.h"
#include "store/pinning_disk.h"

namespace sluice::commands {
namespace {

constexpr int exit_found = 1;
constexpr int exit_not_made = 4;

constexpr const char* backup_footer = R"(
All that was acknowledged before the command began is in the backup: the journal, the bytes of
unfinished uploads, files that wait for the application, and the library. The server goes on
meanwhile; where none runs, none can start until the backup is made. Until it is complete
the backup is called DIR.unfinished. It holds the secrets of all upload URLs; the settings,
credentials and certificates are not in it.

Exit codes:
  0  the backup is complete
  1  the backup is complete, and its journal and files do not fit together: so do those of the
     data directory; see sluice fsck
  2  the command line is wrong
  4  there is no backup)";

struct BackupOptions {
  std::string to;
  std::string directory = "./sluice-data";
};

// The data directory of a server that does not run, which cannot start meanwhile.
Result<> copy_resting(backup::NewBackup& backup, const store::DataDirectory& data) {
  // Opening and closing it brings its write-ahead log in.
  if (const auto journal = fsck::BlockingJournal::open(data); !journal) {
    return fail(journal.error());
  }
  return backup.copy(data.path());
}

Result<> tell_server(const std::string& directory, const char* path,
                     std::chrono::milliseconds time_max) {
  const Result<ControlAnswer> answer = send_command(directory, path, time_max);
  if (!answer) {
    return fail(answer.error());
  }
  return answer->status == 200 ? Result<>() : fail(Errc::internal, answer->member("message"));
}

Result<> copy_running(backup::NewBackup& backup, const std::string& directory) {
  const auto lock = store::DirectoryLock::take(directory);
  if (!lock) {
    return fail(lock.error());
  }
  if (Result<> begun = tell_server(directory, "/backup", limits::backup_begin_time_max); !begun) {
    return begun;
  }
  const Result<> copied = backup.copy(directory + store::PinningDisk::folder);
  const Result<> ended = tell_server(directory, "/backup/end", limits::backup_begin_time_max);
  return copied ? ended : copied;
}

Result<fsck::Summary> make(backup::NewBackup& backup, const std::string& directory) {
  const auto data = store::DataDirectory::open(directory);
  Result<> done = data ? copy_resting(backup, *data) : copy_running(backup, directory);
  if (!done) {
    return fail(done.error());
  }
  Result<fsck::Summary> summary = backup.check(
      SystemClock(), [](const std::string& line) { std::printf("%s\n", line.c_str()); });
  if (!summary) {
    return summary;
  }
  done = backup.finish();
  return done ? std::move(summary) : fail(done.error());
}

int back_up(const BackupOptions& options) {
  Result<> ready = fsck::expect_journal(options.directory);
  Result<backup::NewBackup> backup =
      ready ? backup::NewBackup::begin(options.to) : fail(ready.error());
  const Result<fsck::Summary> made =
      backup ? make(*backup, options.directory) : fail(backup.error());
  if (!made) {
    if (backup) {
      backup->give_up();
    }
    std::fflush(stdout);
    std::fprintf(stderr, "sluice: there is no backup: %s\n", made.error().message().c_str());
    return exit_not_made;
  }
  std::printf("%s\n", fmt::format("{}: {} uploads and {} files of the library, {} bytes",
                                  options.to, made->uploads, made->videos, backup->copied().bytes)
                          .c_str());
  const std::uint64_t left = made->findings - made->repaired;
  if (left > 0) {
    std::fprintf(stderr, "sluice: the data directory itself is damaged: %s findings\n",
                 std::to_string(left).c_str());
  }
  return left == 0 ? EXIT_SUCCESS : exit_found;
}

}  // namespace

void add_backup(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("backup", "Copy all that a server keeps, also while it runs");
  command->footer(backup_footer);
  const auto options = std::make_shared<BackupOptions>();
  command->add_option("DIR", options->to, "The backup; it must not exist yet")->required();
  add_server_option(*command, options->directory);
  command->callback([options, &exit_code] { exit_code = back_up(*options); });
}

}  // namespace sluice::commands
