// SPDX-License-Identifier: MIT
#include "config/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/printable.h"
#include "config/backend_types.h"
#include "config/config_file.h"
#include "config/credentials_file.h"
#include "config/nearest_name.h"
#include "config/settings.h"

namespace sluice::config {
namespace {

constexpr std::string_view prefix = "SLUICE_";
constexpr std::string_view test_prefix = "SLUICE_TEST_";
constexpr std::string_view config_variable = "SLUICE_CONFIG";
// Of `sluice upload`; an environment may be for both.
constexpr std::array<std::string_view, 2> upload_variables{"SLUICE_API_KEY", "SLUICE_SERVER"};

// A URL in a wrong setting goes to a terminal or a log; what stands between the name of a user and
// the host does not.
std::string without_password(std::string shown) {
  const std::size_t user = shown.find("://");
  const std::size_t host = shown.find('@', user);
  const std::size_t colon = user == std::string::npos ? user : shown.find(':', user + 3);
  if (host != std::string::npos && colon < host) {
    shown.replace(colon + 1, host - colon - 1, "...");
  }
  return shown;
}

// Gathers values and problems from all sources; a later source replaces what an earlier one said.
class Loader {
 public:
  void load_file(const std::string& path) {
    for (FileEntry& entry : read_config_file(path, problems_)) {
      if (entry.form == TomlForm::table && is_section(entry.key)) {
        continue;  // Without a setting in it.
      }
      if (entry.key == "credentials") {
        load_credentials(path);
        continue;
      }
      const Setting* setting = find_setting(entry.key);
      if (setting == nullptr) {
        problems_.push_back(unknown(entry.where, "key", entry.key, &Setting::key));
      } else if (!matches(entry.form, setting->forms)) {
        problems_.push_back(fmt::format("{}: {}: {}, not {}", entry.where, setting->key,
                                        expected_form(*setting), entry.shown));
      } else {
        assign(*setting, entry.where, entry.text, entry.shown);
      }
    }
  }

  void load_credentials(const std::string& path) {
    CredentialsResult credentials = read_credentials(path, true);
    if (credentials) {
      config_.credentials = *std::move(credentials);
      config_.credentials_file = path;
    } else {
      problems_.insert(problems_.end(), credentials.error().begin(), credentials.error().end());
    }
  }

  void load_variable(const std::string& name, const std::string& text) {
    if (!name.starts_with(prefix) || name.starts_with(test_prefix) || name == config_variable ||
        std::ranges::find(upload_variables, name) != upload_variables.end()) {
      return;
    }
    const auto setting = std::ranges::find(settings(), name, &Setting::environment);
    if (setting == settings().end()) {
      problems_.push_back(unknown(printable(name), "variable", name, &Setting::environment));
    } else {
      assign(*setting, name, text, toml_string(text));
    }
  }

  void load_flag(const std::string& key, const std::string& text) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr || setting->flag.empty()) {
      problems_.push_back(fmt::format("{}: is no setting with a flag", toml_string(key)));
    } else {
      assign(*setting, std::string(setting->flag), text, toml_string(text));
    }
  }

  void check_relations() {
    const Config& c = config_;
    for (const auto& [key, endpoint] :
         {std::pair{"server.listen", c.server.listen}, std::pair{"tls.listen", c.tls.listen}}) {
      if (!endpoint.is_set() || net::is_loopback(endpoint) || c.server.open ||
          c.requires_credentials()) {
        continue;
      }
      problems_.push_back(fmt::format(
          "{}: {} can be reached from other machines, and whoever reaches it may upload, because "
          "there are no credentials: set some ([[credentials]] or auth.file), say --open "
          "(server.open = true) if you want that, or listen on a loopback address like "
          "127.0.0.1:8080",
          origin(key), Address::print(endpoint)));
    }
    check_tls();
    check_credentials();
    check_backend();
    check_store();
    if (c.delivery.retry_first > c.delivery.retry_max) {
      problems_.push_back(fmt::format(
          "{}: delivery.retry_first is {}, expected at most delivery.retry_max, which is {} ({})",
          origin("delivery.retry_first"), print_duration(c.delivery.retry_first),
          print_duration(c.delivery.retry_max), origin("delivery.retry_max")));
    }
  }

  void check_credentials() {
    const Config& c = config_;
    if (!c.requires_credentials()) {
      return;
    }
    const CredentialsResult all = CredentialsSource(c.credentials, c.auth.file).load();
    const ConfigProblems found = all ? ConfigProblems() : all.error();
    for (const std::string& problem : found) {
      problems_.push_back(c.auth.file.empty()
                              ? problem
                              : fmt::format("{}: auth.file: {}", origin("auth.file"), problem));
    }
  }

  void check_backend() {
    if (!config_.backend.url.empty() && config_.backend.kind == BackendKind::files) {
      problems_.push_back(
          fmt::format("{}: backend.kind is \"files\", the embedded backend, and backend.url ({}) "
                      "names another: "
                      "leave one of them away",
                      origin("backend.kind"), origin("backend.url")));
    }
    if (!config_.backend.copy_to.empty() &&
        config_.backend.mode != delivery::HandoffMode::reference) {
      problems_.push_back(
          fmt::format("{}: backend.copy_to needs backend.mode = \"reference\", not {} ({})",
                      origin("backend.copy_to"), HandoffModeWord::print(config_.backend.mode),
                      origin("backend.mode")));
    }
    // No client chooses how the backend reads the rest of the request.
    const std::vector<std::string>& names = config_.backend.headers;
    if (std::ranges::find(names, "content-type") != names.end()) {
      problems_.push_back(fmt::format(
          "{}: backend.headers: content-type cannot be passed on; it says how the rest of the "
          "request is to be read",
          origin("backend.headers")));
    }
  }

  // Neither files of this machine nor a weaker promise go with objects.
  void check_store() {
    const Config& c = config_;
    if (!c.journal.url.empty() && !c.stores_objects()) {
      problems_.push_back(
          fmt::format("{}: journal.url needs store.url: nodes that share a journal do not "
                      "see each other's files",
                      origin("journal.url")));
    }
    if (!c.stores_objects()) {
      if (!c.backend.copy_to.empty()) {
        problems_.push_back(
            fmt::format("{}: backend.copy_to needs store.url: files of this "
                        "machine are no objects",
                        origin("backend.copy_to")));
      }
      return;
    }
    const auto expect = [&](bool holds, std::string_view key, std::string_view words) {
      if (!holds) {
        problems_.push_back(fmt::format("{}: {}: with store.url ({}) expected {}", origin(key), key,
                                        origin("store.url"), words));
      }
    };
    expect(c.data.durability == Durability::commit, "data.durability",
           "\"commit\": objects are stored before they are acknowledged");
    expect(c.delivery.answer_max <= c.s3.scratch, "delivery.answer_max",
           "at most s3.scratch: the body of an answer waits there until it is stored");
    expect(c.backend.directory.empty(), "backend.directory",
           "nothing: files in an object store have no second name");
    expect(c.checks.program.empty(), "checks.program",
           "nothing: a program reads files of this machine; types and clamd look at objects");
  }

  void check_tls() {
    const Config::Tls& tls = config_.tls;
    if (tls.listen.is_set() && (tls.certificate.empty() || tls.key.empty())) {
      problems_.push_back(fmt::format("{}: expected tls.certificate and tls.key beside tls.listen",
                                      origin("tls.listen")));
    }
    if (!tls.listen.is_set() && !config_.server.listen.is_set()) {
      problems_.push_back(
          fmt::format("{}: expected an address in server.listen or tls.listen, both are \"none\"",
                      origin("server.listen")));
    }
  }

  std::expected<Config, ConfigProblems> result() && {
    if (!problems_.empty()) {
      return std::unexpected(std::move(problems_));
    }
    return std::move(config_);
  }

 private:
  static bool matches(TomlForm form, const TomlForms& forms) {
    return (form == TomlForm::string && forms.string) ||
           (form == TomlForm::integer && forms.integer) ||
           (form == TomlForm::boolean && forms.boolean);
  }

  static bool is_section(std::string_view name) {
    return std::ranges::find(settings(), name, &Setting::section) != settings().end();
  }

  // In the words of the setting's own parser where they say more than the TOML type.
  static std::string expected_form(const Setting& setting) {
    Config scratch;
    const Parsed<std::monostate> parsed = setting.assign(scratch, "?");
    return parsed ? "expected a string" : parsed.error();
  }

  static std::string unknown(std::string_view where, std::string_view what, std::string_view name,
                             std::string_view Setting::* names) {
    std::vector<std::string_view> known;
    std::ranges::transform(settings(), std::back_inserter(known), names);
    return fmt::format("{}: unknown {} {}; the nearest known one is {}", where, what,
                       toml_string(name), nearest_name(name, known));
  }

  // `shown` is the value as it was written, for the message.
  void assign(const Setting& setting, const std::string& where, const std::string& text,
              std::string_view shown) {
    const Parsed<std::monostate> assigned = setting.assign(config_, text);
    if (!assigned) {
      problems_.push_back(fmt::format("{}: {}: {}, not {}", where, setting.key, assigned.error(),
                                      without_password(std::string(shown))));
      return;
    }
    config_.origins.insert_or_assign(std::string(setting.key), where);
  }

  std::string origin(std::string_view key) const { return config_.origin(key); }

  Config config_;
  ConfigProblems problems_;
};

// Calls write(setting) for each setting, under headings of the sections.
template <class Write>
std::string in_sections(Write write) {
  std::string out;
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (setting.section() != section) {
      out += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", setting.section());
      section = setting.section();
    }
    out += write(setting);
  }
  return out;
}

}  // namespace

std::string Config::origin(std::string_view key) const {
  const auto found = origins.find(key);
  return found == origins.end() ? "default" : found->second;
}

bool operator==(const Config& left, const Config& right) {
  return left.server == right.server && left.admin == right.admin && left.tls == right.tls &&
         left.cors == right.cors && left.dialects == right.dialects && left.pages == right.pages &&
         left.auth == right.auth && left.credentials == right.credentials &&
         left.data == right.data && left.journal == right.journal && left.store == right.store &&
         left.s3 == right.s3 && left.limits == right.limits && left.timeouts == right.timeouts &&
         left.expiry == right.expiry && left.delivery == right.delivery &&
         left.checks == right.checks && left.backend == right.backend &&
         left.hooks == right.hooks && left.log == right.log && left.video == right.video;
}

std::vector<FlagInfo> flags() {
  std::vector<FlagInfo> result;
  for (const Setting& setting : settings()) {
    if (!setting.flag.empty()) {
      result.push_back({.key = setting.key,
                        .flag = setting.flag,
                        .help = setting.help,
                        .value_name = setting.value_name});
    }
  }
  return result;
}

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (text.starts_with(prefix) && equals != std::string_view::npos) {
      result.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  std::ranges::sort(result);
  return result;
}

std::expected<Config, ConfigProblems> load(const ConfigSources& sources) {
  std::optional<std::string> file = sources.file;
  for (const auto& [name, text] : sources.environment) {
    if (!file && name == config_variable && !text.empty()) {
      file = text;
    }
  }
  Loader loader;
  if (file) {
    loader.load_file(*file);
  }
  for (const auto& [name, text] : sources.environment) {
    loader.load_variable(name, text);
  }
  for (const auto& [key, text] : sources.flags) {
    loader.load_flag(key, text);
  }
  loader.check_relations();
  return std::move(loader).result();
}

std::string effective_settings(const Config& config) {
  const std::string credentials =
      config.credentials.empty()
          ? ""
          : fmt::format("\n# [[credentials]]: {}; not shown\n", config.credentials.size());
  return in_sections([&config](const Setting& setting) {
           return fmt::format("{} = {}  # {}\n", setting.name(), setting.print(config),
                              config.origin(setting.key));
         }) +
         credentials;
}

std::string example_settings() {
  return "# SPDX-License-Identifier: MIT\n"
         "# Every setting of `sluice serve` with its default. `sluice check --config FILE` tells\n"
         "# whether a file like this is valid. A running server takes over what \"reloads\": "
         "sluice\n"
         "# reload, or SIGHUP.\n\n" +
         in_sections([](const Setting& setting) {
           const std::string flag = setting.flag.empty() ? "" : fmt::format("{}, ", setting.flag);
           return fmt::format("# {}\n# ({}{}{})\n{} = {}\n", setting.help, flag,
                              setting.environment, setting.reloads ? "; reloads" : "",
                              setting.name(), setting.print(Config{}));
         });
}

}  // namespace sluice::config
