// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/limits.h"
#include "cli/progress.h"
#include "cli/upload.h"
#include "cli/url.h"
#include "commands/commands.h"
#include "commands/request_fields.h"
#include "config/setting_types.h"
#include "http/message.h"

namespace sluice::commands {
namespace {

constexpr const char* upload_description =
    "Upload files and folders to a server of the Panda Upload API, whatever the network does";

constexpr const char* upload_footer = R"(
The answers of the server, JSON on one line for each file, go to standard output, everything else
to standard error. On a terminal those of several files are left out. An interrupted upload is
continued by the same command: what is needed for that is kept in
${XDG_CACHE_HOME:-~/.cache}/sluice/uploads until the upload is done.

A server that asks for digests (Want-Content-Digest), as Sluice does, gets the SHA-256 of each
piece with it, compares it with the bytes that came, and acknowledges none of others: such a piece
is sent again. Of a request that breaks off the server keeps bytes that were compared with nothing.
Where the answer has a "sha256", as with backend.kind = "files", it is compared with the whole
file's. The last line says how many bytes were compared in one of these two ways.

Standard input, -, is announced by file_size=*, which Sluice understands. Bytes of it that the
server has not acknowledged are kept, at most twice --piece-size and 128 MiB: a lost connection does
no harm, but after the end of this command there is nothing that could be continued. The end of the
input is the end of the file, also where the program that writes it has failed.

With -c a file of more than 5 MiB is sent in parts, whose size the server chooses; a server that
knows no parts gets it over one connection.

A file of a folder is sent with the parameter relativePath, from the folder's name on. Patterns are
those of the shell; one with a slash is matched with the path below the folder, any other with the
name.

Exit codes:
  0    every file is uploaded
  1    a local error: a file cannot be read or changed meanwhile, or its upload is already running
  2    the command line is wrong
  3    the server refused (4xx), leaves it to its operator (502 DeliveryFailed; 507 that names no
       time to come again), or does not speak the protocol
  4    gave up after retries
  5    the whole file arrived, and the application behind the server refused it: the same command
       starts a new upload
  6    the server's answer has the digest of other bytes
  130  stopped by SIGINT, 143 by SIGTERM

With several files the first failure in their order decides; after 4 and a signal the rest is not
tried.)";

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
      "Print the answers and errors, nothing else");
  command
      .add_flag_callback(
          "--json", [&options] { options.style = cli::ReportStyle::json; },
          "Print events to standard output, one JSON object a line: session, progress, retry, "
          "note, done, error, summary")
      ->excludes(quiet);
}

void add_selection_options(CLI::App& command, cli::UploadOptions& options) {
  command
      .add_option("files", options.files.paths, "Files and, with -r, folders; - is standard input")
      ->type_name("FILE");
  command.add_flag("-r,--recursive", options.files.recursive, "Upload the files in folders");
  command
      .add_option("--include", options.files.include,
                  "Of a folder only the files that match; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->type_name("PATTERN");
  command
      .add_option("--exclude", options.files.exclude,
                  "Neither files nor folders that match; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->type_name("PATTERN");
  command
      .add_option("--files-from", options.files.files_from,
                  "A file with a path on each line; - is standard input")
      ->type_name("FILE");
  command.add_flag("-n,--dry-run", options.dry_run, "List the files, send nothing");
}

std::string check_parameter(const std::string& text) {
  return text.find('=') == std::string::npos || text.front() == '='
             ? "expected NAME=VALUE, got " + text
             : "";
}

void add_request_options(CLI::App& command, cli::UploadOptions& options) {
  CLI::Option* key =
      command
          .add_option_function<std::string>(
              "--api-key-file",
              [&options](const std::string& file) { options.api_key = read_credential(file); },
              "A file with the API key; without it, the variable SLUICE_API_KEY")
          ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "--token-file",
          [&options](const std::string& file) { options.token = read_credential(file); },
          "A file with a token")
      ->excludes(key)
      ->type_name("FILE");
  command
      .add_option("-H,--header", options.headers,
                  "A field of every request to the server of --to, for a gateway; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(check_header)
      ->type_name("FIELD");
  command
      .add_option_function<std::vector<std::string>>(
          "--param",
          [&options](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const std::size_t equals = text.find('=');
              options.parameters.emplace_back(text.substr(0, equals), text.substr(equals + 1));
            }
          },
          "A parameter of the upload, which its backend gets; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->check(check_parameter)
      ->type_name("NAME=VALUE");
  command
      .add_option("--content-type", options.content_type,
                  "The type of all files; without it, what their names say")
      ->type_name("TYPE");
  command
      .add_option("--name", options.name,
                  "The name of the file as the server is told it, of one file or standard input")
      ->type_name("NAME");
}

void add_size(CLI::App& command, const std::string& name, std::uint64_t& target,
              const std::string& text) {
  command
      .add_option_function<std::string>(
          name, [&target](const std::string& value) { target = *cli::parse_size(value); }, text)
      ->check(check_size)
      ->type_name("SIZE");
}

void add_network_options(CLI::App& command, cli::UploadOptions& options) {
  command.add_option("-j,--parallel", options.parallel, "Files at once")
      ->check(CLI::Range(1U, cli::parallel_max))
      ->type_name("COUNT")
      ->capture_default_str();
  command
      .add_option(
          "-c,--connections", options.connections,
          "Connections for one file, of which the server may allow fewer; it is sent in parts")
      ->check(CLI::Range(1U, cli::parallel_max))
      ->type_name("COUNT")
      ->capture_default_str();
  add_size(command, "--piece-size", options.piece_bytes,
           "Bytes in one request; KiB, MiB and GiB are understood [" +
               config::print_size(options.piece_bytes) + "]");
  add_size(command, "--bwlimit", options.bytes_per_second,
           "Bytes a second, of all connections together");
  command
      .add_option("--retries", options.retries_max,
                  "Failed attempts in a row, without progress, before giving up")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  add_duration(command, "--give-up-after", options.give_up_after,
               "How long to wait for the server's final answer once it has every byte");
  add_duration(command, "--connect-timeout", options.timeouts.connect,
               "Time for a connection to be made");
  add_duration(command, "--stall-timeout", options.timeouts.stall,
               "A connection on which nothing moves for so long is lost");
  add_duration(command, "--answer-timeout", options.timeouts.answer,
               "Time for an answer once a piece is sent");
  command
      .add_option("--cacert", options.ca_file,
                  "PEM file with the certificates that vouch for the server; without it whom the "
                  "system trusts")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command.add_flag_callback(
      "--no-state", [&options] { options.keep_state = false; },
      "Remember nothing: an interrupted upload begins again");
}

// What no single option can see. Throws what the parser reports.
void check_together(const cli::UploadOptions& options) {
  const auto inputs = std::ranges::count(options.files.paths, "-");
  if (options.files.paths.empty() && options.files.files_from.empty()) {
    throw CLI::RequiredError("FILE");
  }
  if (inputs > 1 || (inputs == 1 && options.files.files_from == "-")) {
    throw CLI::ValidationError("-", "standard input can be read once");
  }
  if (options.parallel * options.connections > cli::parallel_max) {
    throw CLI::ValidationError(
        "-c", "-j times -c is at most " + std::to_string(cli::parallel_max) + " connections");
  }
}

}  // namespace

void add_upload(CLI::App& program, int& exit_code) {
  // Lives as long as the parser that fills it.
  const auto options = std::make_shared<cli::UploadOptions>();
  CLI::App* command = program.add_subcommand("upload", upload_description);
  command->footer(upload_footer);
  add_selection_options(*command, *options);
  command
      ->add_option("--to", options->server,
                   "The server, e.g. http://127.0.0.1:8080; a URL that ends in .json is taken as "
                   "it is")
      ->required()
      ->check(check_server)
      ->envname("SLUICE_SERVER")
      ->type_name("URL");
  add_request_options(*command, *options);
  add_network_options(*command, *options);
  add_output_options(*command, *options);
  command->callback([options, &exit_code] {
    check_together(*options);
    if (options->api_key.empty() && options->token.empty()) {
      options->api_key = api_key_of_environment();
    }
    exit_code = cli::upload_main(*options);
  });
}

}  // namespace sluice::commands
