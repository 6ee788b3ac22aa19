// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/limits.h"
#include "cli/progress.h"
#include "cli/upload.h"
#include "cli/url.h"
#include "commands/commands.h"
#include "config/setting_types.h"

namespace sluice::commands {
namespace {

constexpr const char* description =
    "Upload files to a server of the Panda Upload API, whatever the network does";

constexpr const char* footer = R"(
The answer of the server, a Video JSON on one line for each file, goes to standard output,
everything else to standard error. An interrupted upload is continued by the same command: what is
needed for that is kept in ${XDG_CACHE_HOME:-~/.cache}/sluice/uploads until the upload is done.

Exit codes:
  0    every file is uploaded
  1    a local error: a file cannot be read or changed meanwhile, or its upload is already running
  2    the command line is wrong
  3    the server refused (4xx), leaves it to its operator (502 DeliveryFailed; 507 that names no
       time to come again), or does not speak the protocol
  4    gave up after retries
  5    the whole file arrived, and the application behind the server refused it: the same command
       starts a new upload
  130  stopped by SIGINT, 143 by SIGTERM

With several files the first failure decides; after 4 and a signal the rest is not tried.)";

constexpr std::uint64_t piece_bytes_min = 1;

std::string check_size(const std::string& text) {
  const std::optional<std::uint64_t> size = cli::parse_size(text);
  if (!size || *size < piece_bytes_min || *size > limits::file_size_max) {
    return "expected a size like 512KiB, 5MiB or 1GiB, got " + text;
  }
  return {};
}

std::string check_server(const std::string& text) {
  return cli::session_url(text) ? std::string()
                                : "expected a URL like https://upload.example.com, got " + text;
}

// "90", "90s", "10m", "1h".
std::optional<std::chrono::milliseconds> parse_duration(const std::string& text) {
  double number = 0;
  std::size_t used = 0;
  try {
    number = std::stod(text, &used);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  const std::string unit = text.substr(used);
  const double factor = unit.empty() || unit == "s"    ? 1'000
                        : unit == "ms"                 ? 1
                        : unit == "m" || unit == "min" ? 60'000
                        : unit == "h"                  ? 3'600'000
                                                       : 0;
  constexpr double duration_ms_max = 1e12;
  const double milliseconds = number * factor;
  if (!(milliseconds > 0 && milliseconds <= duration_ms_max)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

template <class Target>
void add_duration(CLI::App& command, const std::string& name, Target& target,
                  const std::string& text) {
  command
      .add_option_function<std::string>(
          name,
          [&target](const std::string& value) {
            target = std::chrono::duration_cast<Target>(*parse_duration(value));
          },
          text)
      ->check([](const std::string& value) {
        return parse_duration(value) ? std::string()
                                     : "expected a time like 30s, 10m or 1h, got " + value;
      })
      ->type_name("TIME")
      ->default_str(config::print_duration(target));
}

void add_output_options(CLI::App& command, cli::UploadOptions& options) {
  CLI::Option* quiet = command.add_flag_callback(
      "-q,--quiet", [&options] { options.style = cli::ReportStyle::quiet; },
      "Print the Video JSON and errors, nothing else");
  command
      .add_flag_callback(
          "--json", [&options] { options.style = cli::ReportStyle::json; },
          "Print events to standard output, one JSON object a line: session, progress, retry, "
          "note, done, error")
      ->excludes(quiet);
}

}  // namespace

void add_upload(CLI::App& program, int& exit_code) {
  // Lives as long as the parser that fills it.
  const auto options = std::make_shared<cli::UploadOptions>();
  CLI::App* command = program.add_subcommand("upload", description);
  command->footer(footer);
  command->add_option("files", options->files, "Files to upload, one after the other")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--to", options->server,
                   "The server, e.g. http://127.0.0.1:8080; a URL that ends in .json is taken as "
                   "it is")
      ->required()
      ->check(check_server)
      ->type_name("URL");
  command
      ->add_option_function<std::string>(
          "--piece-size",
          [options](const std::string& text) { options->piece_bytes = *cli::parse_size(text); },
          "Bytes in one request; KiB, MiB and GiB are understood")
      ->check(check_size)
      ->type_name("SIZE")
      ->default_str(config::print_size(options->piece_bytes));
  command
      ->add_option("--retries", options->retries_max,
                   "Failed attempts in a row, without progress, before giving up")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  add_duration(*command, "--give-up-after", options->give_up_after,
               "How long to wait for the server's final answer once it has every byte");
  add_duration(*command, "--connect-timeout", options->timeouts.connect,
               "Time for a connection to be made");
  add_duration(*command, "--stall-timeout", options->timeouts.stall,
               "A connection on which nothing moves for so long is lost");
  add_duration(*command, "--answer-timeout", options->timeouts.answer,
               "Time for an answer once a piece is sent");
  command
      ->add_option("--cacert", options->ca_file,
                   "PEM file with the certificates that vouch for the server; without it whom the "
                   "system trusts")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command->add_flag_callback(
      "--no-state", [options] { options->keep_state = false; },
      "Remember nothing: an interrupted upload begins again");
  add_output_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = cli::upload_main(*options); });
}

}  // namespace sluice::commands
