// SPDX-License-Identifier: MIT
#include "control/retry_command.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "base/limits.h"
#include "control/control_client.h"

namespace sluice::control {
namespace {

constexpr int exit_refused = 1;
constexpr int exit_no_server = 4;

constexpr const char* footer = R"(
Exit codes:
  0  the upload is being handed over
  1  the server refused: there is no such upload, or it has not failed
  2  the command line is wrong
  4  no server runs on the data directory)";

struct Options {
  std::uint64_t id = 0;
  std::string directory = "./sluice-data";
};

int retry(const Options& options) {
  const std::string id = std::to_string(options.id);
  const Result<ControlAnswer> answer = send_command(options.directory, "/uploads/" + id + "/retry");
  if (!answer) {
    std::fprintf(stderr, "sluice: %s\n", answer.error().message().c_str());
    return exit_no_server;
  }
  if (answer->status != 200) {
    const std::string message = answer->member("message");
    std::fprintf(stderr, "sluice: %s\n", message.c_str());
    return exit_refused;
  }
  std::printf("upload %s is being handed over again\n", id.c_str());
  return EXIT_SUCCESS;
}

}  // namespace

void add_retry_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("retry", "Hand a failed upload over again, on the running server");
  command->footer(footer);
  const auto options = std::make_shared<Options>();
  command->add_option("ID", options->id, "The upload's number, as in the log")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, limits::upload_id_max));
  command->add_option("--data", options->directory, "The server's data directory")
      ->type_name("DIR")
      ->envname("SLUICE_DATA")
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = retry(*options); });
}

}  // namespace sluice::control
