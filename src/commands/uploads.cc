// SPDX-License-Identifier: MIT
// `sluice uploads`: looks at the uploads of a running server, and ends them.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/printable.h"
#include "cli/terminal.h"
#include "commands/commands.h"
#include "commands/control_client.h"
#include "commands/upload_rows.h"

namespace sluice::commands {
namespace {

namespace json = boost::json;

constexpr const char* uploads_footer = R"(
Exit codes:
  0  it is printed or done
  1  the server refused: there is no such upload, or not in this state
  2  the command line is wrong
  4  no server runs on the data directory)";

struct UploadsOptions {
  std::string directory = "./sluice-data";
  std::string state;
  std::string owner;
  std::uint64_t id = 0;
  std::string words;
  bool as_json = false;
};

// The rows, or in JSON a line for each upload.
void print_uploads(const json::array& uploads, bool as_json, bool with_headings) {
  std::vector<UploadRow> rows;
  for (const json::value& upload : uploads) {
    if (as_json) {
      std::printf("%s\n", json::serialize(upload).c_str());
    } else if (upload.is_object()) {
      rows.push_back(upload_row(upload.get_object()));
    }
  }
  if (as_json) {
    return;
  }
  const std::vector<std::string> lines =
      table_of(rows, SystemClock().now(), cli::columns_of_lines(STDOUT_FILENO));
  for (std::size_t i = with_headings ? 0 : 1; i < lines.size(); ++i) {
    std::printf("%s\n", lines[i].c_str());
  }
}

int list_uploads(const UploadsOptions& options) {
  const std::string filter =
      (options.state.empty() ? "" : "&state=" + percent_encode(options.state)) +
      (options.owner.empty() ? "" : "&owner=" + percent_encode(options.owner));
  bool is_first = true;
  const std::optional<int> failure =
      for_each_page(options.directory, filter, [&](const json::array& page) {
        print_uploads(page, options.as_json, std::exchange(is_first, false));
      });
  return failure.value_or(EXIT_SUCCESS);
}

int show_upload(const UploadsOptions& options) {
  const Result<ControlAnswer> answer =
      ask(options.directory, fmt::format("/uploads/{}", options.id));
  if (const std::optional<int> failure = failure_of(answer)) {
    return *failure;
  }
  if (options.as_json) {
    std::printf("%s\n", answer->body.c_str());
    return EXIT_SUCCESS;
  }
  for (const auto& [name, value] : answer->members()) {
    const bool is_text = value.is_string();
    std::printf("%-18s %s\n", std::string(name).c_str(),
                is_text ? printable(value.get_string()).c_str() : json::serialize(value).c_str());
  }
  return EXIT_SUCCESS;
}

int act(const UploadsOptions& options, const char* action, const char* done) {
  const std::string query = options.words.empty() ? "" : "?words=" + percent_encode(options.words);
  const Result<ControlAnswer> answer =
      send_command(options.directory, fmt::format("/uploads/{}/{}{}", options.id, action, query));
  if (const std::optional<int> failure = failure_of(answer)) {
    return *failure;
  }
  if (options.as_json) {
    std::printf("%s\n", answer->body.c_str());
  } else {
    std::printf("upload %s %s\n", std::to_string(options.id).c_str(), done);
  }
  return EXIT_SUCCESS;
}

CLI::App* add_below(CLI::App& command, const char* name, const char* text,
                    UploadsOptions& options) {
  CLI::App* below = command.add_subcommand(name, text);
  below->add_flag("--json", options.as_json, "Print JSON");
  add_server_option(*below, options.directory);
  return below;
}

CLI::App* add_with_id(CLI::App& command, const char* name, const char* text,
                      UploadsOptions& options) {
  CLI::App* below = add_below(command, name, text, options);
  below->add_option("ID", options.id, "The upload's number, as in the log")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, limits::upload_id_max));
  return below;
}

}  // namespace

void add_uploads(CLI::App& program, int& exit_code) {
  CLI::App* command =
      program.add_subcommand("uploads", "Look at the uploads of the running server");
  command->footer(uploads_footer);
  command->require_subcommand(1);
  const auto options = std::make_shared<UploadsOptions>();
  CLI::App* listing = add_below(*command, "list", "One line for each upload", *options);
  listing->add_option("--state", options->state, "Only those in this state, e.g. receiving")
      ->type_name("STATE");
  listing->add_option("--owner", options->owner, "Only those of this owner")->type_name("OWNER");
  listing->callback([options, &exit_code] { exit_code = list_uploads(*options); });
  add_with_id(*command, "show", "All about one upload", *options)->callback([options, &exit_code] {
    exit_code = show_upload(*options);
  });
  add_with_id(*command, "abort", "End an upload that is being received, and free its bytes",
              *options)
      ->callback([options, &exit_code] { exit_code = act(*options, "abort", "is aborted"); });
  add_with_id(*command, "release", "Hand over a file that the checks have set aside", *options)
      ->callback(
          [options, &exit_code] { exit_code = act(*options, "release", "is being handed over"); });
  CLI::App* refusing =
      add_with_id(*command, "refuse", "Refuse a file that the checks have set aside", *options);
  refusing->add_option("WORDS", options->words, "Told to the client")
      ->check([](const std::string& words) {
        return words.size() <= limits::failure_bytes_max ? "" : "too many words";
      });
  refusing->callback([options, &exit_code] { exit_code = act(*options, "refuse", "is refused"); });
  add_with_id(*command, "retry",
              "Hand a refused or failed upload over again, or check one again that is set aside",
              *options)
      ->callback([options, &exit_code] {
        exit_code = act(*options, "retry", "is being handed over again");
      });
}

}  // namespace sluice::commands
