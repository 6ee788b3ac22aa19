// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "commands/commands.h"
#include "fsck/fsck.h"

namespace sluice::commands {
namespace {

constexpr int exit_clean = 0;
constexpr int exit_findings = 1;
constexpr int exit_not_checked = 4;

constexpr const char* footer = R"(
One line for each finding, and a summary. Nothing is deleted: what cannot be explained is moved to
lost+found-TIME in the data directory.

Exit codes:
  0  nothing is wrong
  1  something was found, whether it was repaired or not
  2  the command line is wrong
  4  could not check: no data directory, a server is running on it, or a damaged journal)";

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
  return options.repair ? fmt::format("{}, {} repaired", found, summary.repaired)
                        : found + ", nothing was changed";
}

int check(const fsck::Options& options) {
  const SystemClock clock;
  const Result<fsck::Summary> summary = fsck::run(options, clock, say);
  if (!summary) {
    std::fflush(stdout);
    std::fprintf(stderr, "sluice: could not check: %s\n", summary.error().message().c_str());
    return exit_not_checked;
  }
  say(text(options, *summary));
  return summary->findings == 0 ? exit_clean : exit_findings;
}

}  // namespace

void add_fsck(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("fsck", "Compare the journal with the files of a stopped server");
  command->footer(footer);
  const auto options = std::make_shared<fsck::Options>();
  command->add_option("--data", options->directory, "The data directory")
      ->type_name("DIR")
      ->required();
  command->add_flag("--repair", options->repair,
                    "Repair what is found, and move aside what cannot be explained");
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace sluice::commands
