// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "auth/timestamp.h"
#include "base/clock.h"
#include "base/limits.h"
#include "commands/commands.h"
#include "commands/control_client.h"

namespace sluice::commands {
namespace {

constexpr const char* retry_footer = R"(
Both the uploads that the backend refused and those that were given up are handed over
again, as long as their files are kept (expiry.refused, expiry.failed). Until the backend
answers anew, their clients are told to wait; then they get the new answer.

Exit codes:
  0  what was asked for is being handed over
  1  the server refused: there is no such upload, or it is neither refused nor failed;
     with --since: some could not be handed over again, the server's log says which
  2  the command line is wrong
  4  no server runs on the data directory)";

struct RetryOptions {
  std::uint64_t id = 0;
  std::string since;
  std::string directory = "./sluice-data";
};

int retry_one(const RetryOptions& options) {
  const std::string id = std::to_string(options.id);
  const Result<ControlAnswer> answer = send_command(options.directory, "/uploads/" + id + "/retry");
  if (const std::optional<int> failure = failure_of(answer)) {
    return *failure;
  }
  std::printf("upload %s is being handed over again\n", id.c_str());
  return EXIT_SUCCESS;
}

// Page after page, so that no command lasts long.
int retry_since(const RetryOptions& options, Timestamp since) {
  std::uint64_t retried = 0;
  std::uint64_t failed = 0;
  std::string range = std::to_string(since.time_since_epoch().count()) + ".0";
  while (!range.empty()) {
    const Result<ControlAnswer> answer =
        send_command(options.directory, "/uploads/since/" + range + "/retry");
    if (const std::optional<int> failure = failure_of(answer)) {
      return *failure;
    }
    retried += answer->count("retried");
    failed += answer->count("failed");
    range = answer->member("next");
  }
  std::printf("%s uploads are being handed over again\n", std::to_string(retried).c_str());
  if (failed > 0) {
    std::fprintf(stderr, "sluice: %s could not be: see the server's log\n",
                 std::to_string(failed).c_str());
    return exit_refused;
  }
  return EXIT_SUCCESS;
}

int retry(const RetryOptions& options) {
  if (options.since.empty()) {
    return retry_one(options);
  }
  const std::optional<Timestamp> since = auth::parse_timestamp(options.since);
  return since ? retry_since(options, *since) : exit_usage;
}

std::string check_time(const std::string& text) {
  return auth::parse_timestamp(text) ? "" : "expected a time as in 2026-11-29T10:00Z, got " + text;
}

}  // namespace

void add_retry(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand(
      "retry", "Hand refused or failed uploads over again, on the running server");
  command->footer(retry_footer);
  const auto options = std::make_shared<RetryOptions>();
  CLI::Option* id = command->add_option("ID", options->id, "The upload's number, as in the log")
                        ->check(CLI::Range(std::uint64_t{1}, limits::upload_id_max));
  CLI::Option* since =
      command
          ->add_option("--since", options->since,
                       "All that were refused or given up since then, as in 2026-11-29T10:00Z")
          ->type_name("TIME")
          ->check(check_time);
  id->excludes(since);
  add_server_option(*command, options->directory);
  command->callback([options, id, since, &exit_code] {
    if (id->count() + since->count() == 0) {
      throw CLI::RequiredError("one of ID and --since");
    }
    exit_code = retry(*options);
  });
}

}  // namespace sluice::commands
