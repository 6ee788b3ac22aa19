// SPDX-License-Identifier: MIT
// `sluice doctor`: what stands in the way of uploads, from outside or on this machine.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/findings.h"
#include "cli/outside_checks.h"
#include "cli/url.h"
#include "commands/commands.h"
#include "commands/inside_checks.h"
#include "commands/request_fields.h"
#include "commands/setting_flags.h"

namespace sluice::commands {
namespace {

constexpr const char* doctor_footer = R"(
With --url it looks from outside, through everything that stands in front of the server: whether
bodies are buffered, how large they may be, whether methods, fields and interim answers come
through, and where locations lead. It opens a few uploads of its own, completes none and removes
them.
Without --url it looks at this machine with the settings of `serve`.

Each line is a check: ok, skipped, warning or problem, and what to do.

Exit codes:
  0  nothing is in the way
  1  a warning
  2  a problem; or the command line is wrong)";

constexpr unsigned long_seconds_max = 3600;

struct Doctor {
  cli::DoctorOptions outside;
  std::string api_key;
  bool as_json = false;
};

int look_inside(const SettingFlags& flags, cli::Findings& findings) {
  const auto config = flags.read();
  if (!config) {
    for (const std::string& problem : config.error()) {
      findings.add(cli::Mark::problem, "settings", problem);
    }
  } else {
    check_from_inside(*config, findings);
  }
  return findings.exit_code();
}

int look_outside(Doctor& doctor, cli::Findings& findings) {
  const std::string key = doctor.api_key.empty() ? api_key_of_environment() : doctor.api_key;
  if (!key.empty()) {
    doctor.outside.headers.push_back("X-Api-Key: " + key);
  }
  cli::check_from_outside(doctor.outside, findings);
  return findings.exit_code();
}

void add_outside_options(CLI::App& command, Doctor& doctor) {
  command.add_option("--url", doctor.outside.url, "The URL under which clients know the server")
      ->check([](const std::string& text) {
        return cli::session_url(text)
                   ? ""
                   : "expected a URL like https://upload.example.com, got " + text;
      })
      ->type_name("URL");
  command
      .add_option_function<std::string>(
          "--api-key-file",
          [&doctor](const std::string& file) { doctor.api_key = read_credential(file); },
          "A file with the API key; without it, the variable SLUICE_API_KEY")
      ->type_name("FILE");
  command
      .add_option("-H,--header", doctor.outside.headers,
                  "A field of requests that open uploads, for a gateway; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_header)
      ->type_name("FIELD");
  command
      .add_option("--cacert", doctor.outside.ca_file,
                  "PEM file with the certificates that vouch for the server")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command.add_option("--origin", doctor.outside.origin, "Origin of a page that uploads")
      ->type_name("ORIGIN")
      ->capture_default_str();
  command.add_option("--files-path", doctor.outside.files_path, "dialects.path of the server")
      ->type_name("PATH")
      ->capture_default_str();
  command
      .add_option("--long", doctor.outside.long_seconds,
                  "Send a slow request of so many seconds as well; proxies often end one after 60")
      ->check(CLI::Range(1U, long_seconds_max))
      ->type_name("SECONDS");
  command.add_flag("--json", doctor.as_json, "Print a JSON object for each check");
}

}  // namespace

void add_doctor(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand(
      "doctor", "Look for what stands in the way of uploads, and say what to do");
  command->footer(doctor_footer);
  const auto doctor = std::make_shared<Doctor>();
  add_outside_options(*command, *doctor);
  const auto flags = std::make_shared<SettingFlags>(*command);
  command->callback([doctor, flags, &exit_code] {
    cli::Findings findings(doctor->as_json);
    exit_code = doctor->outside.url.empty() ? look_inside(*flags, findings)
                                            : look_outside(*doctor, findings);
  });
}

}  // namespace sluice::commands
