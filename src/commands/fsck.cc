// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "commands/commands.h"
#include "config/config.h"
#include "fsck/bucket.h"
#include "fsck/fsck.h"
#include "object_storage.h"
#include "open_journal.h"

namespace sluice::commands {
namespace {

constexpr int exit_clean = 0;
constexpr int exit_findings = 1;
constexpr int exit_not_checked = 4;

constexpr const char* footer = R"(
Stop the server first. Nodes that share a journal may be running; of them nothing is repaired.

One line for each finding, and a summary. Nothing is deleted: what cannot be explained is moved to
lost+found-TIME in the data directory.

Exit codes:
  0  nothing is wrong
  1  something was found, whether it was repaired or not
  2  the command line is wrong
  4  could not check: no data directory, a server is running on it, or a damaged journal; or
     PostgreSQL or the bucket does not answer)";

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
}

std::string counted(std::uint64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string text(const fsck::Options& options, const fsck::Summary& summary) {
  const std::string seen =
      fmt::format("{}: {} and {} checked, ", options.directory, counted(summary.uploads, "upload"),
                  counted(summary.videos, "video"));
  if (summary.findings == 0) {
    return seen + "nothing is wrong";
  }
  const std::string found = seen + counted(summary.findings, "finding");
  return options.repair || options.rebuild ? fmt::format("{}, {} repaired", found, summary.repaired)
                                           : found + ", nothing was changed";
}

int refuse(const std::string& reason) {
  std::fflush(stdout);
  std::fprintf(stderr, "sluice: could not check: %s\n", reason.c_str());
  return exit_not_checked;
}

int tell(const fsck::Options& options, const Result<fsck::Summary>& summary) {
  if (!summary) {
    return refuse(summary.error().message());
  }
  say(text(options, *summary));
  return summary->findings == 0 ? exit_clean : exit_findings;
}

int check(const fsck::Options& options) {
  const SystemClock clock;
  return tell(options, fsck::run(options, clock, say));
}

int check_shared(const config::Config& config, fsck::Options options, fsck::Bucket& bucket) {
  if (options.repair || options.rebuild) {
    return refuse(
        "nodes that share a journal may be running: nothing is repaired there; sluice uploads "
        "abort ID ends an upload whose bytes are lost");
  }
  Result<journal::postgres::Settings> settings = postgres_settings(config);
  if (!settings) {
    return refuse(settings.error().message());
  }
  options.directory = config.store.url;
  const SystemClock clock;
  return tell(options, fsck::run_shared(*std::move(settings), bucket, clock, say));
}

// With the settings of the server, which say where the bytes lie.
int check_with(const std::string& file, fsck::Options options) {
  const auto config =
      config::load({.flags = {}, .environment = config::process_environment(), .file = file});
  if (!config) {
    return refuse(fmt::format("{}", fmt::join(config.error(), "; ")));
  }
  if (options.directory.empty()) {
    options.directory = config->data.directory;
  }
  if (!config->stores_objects()) {
    return check(options);
  }
  const auto store = OfflineBucket::open(*config);
  if (!store) {
    return refuse(store.error().message());
  }
  fsck::Bucket bucket((*store)->objects(), (*store)->prefix());
  if (config->shares_journal()) {
    return check_shared(*config, std::move(options), bucket);
  }
  options.bucket = &bucket;
  return check(options);
}

}  // namespace

void add_fsck(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("fsck", "Compare the journal with the files of a server");
  command->footer(footer);
  const auto options = std::make_shared<fsck::Options>();
  const auto file = std::make_shared<std::string>();
  CLI::Option* data =
      command->add_option("--data", options->directory, "The data directory")->type_name("DIR");
  CLI::Option* config = command
                            ->add_option("--config", *file,
                                         "The server's settings: they name the data directory and "
                                         "the object store, which is looked at, too")
                            ->type_name("FILE");
  command->add_flag("--repair", options->repair,
                    "Repair what is found, and move aside what cannot be explained");
  command
      ->add_flag("--rebuild", options->rebuild,
                 "Bytes in objects that the journal does not name are stored again")
      ->needs(config);
  command->callback([=, &exit_code] {
    if (data->empty() && config->empty()) {
      throw CLI::RequiredError("--data");
    }
    exit_code = config->empty() ? check(*options) : check_with(*file, *options);
  });
}

}  // namespace sluice::commands
