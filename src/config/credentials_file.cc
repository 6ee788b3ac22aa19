// SPDX-License-Identifier: MIT
#include "config/credentials_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "auth/keyring.h"
#include "base/limits.h"
#include "base/printable.h"
#include "config/check_types.h"
#include "config/config_file.h"
#include "config/setting_types.h"

namespace sluice::config {
namespace {

using auth::Credential;
using auth::Quotas;

struct TextKey {
  std::string_view name;
  std::string Credential::* member;
};
constexpr std::array text_keys{
    TextKey{"owner", &Credential::owner},           TextKey{"access_key", &Credential::access_key},
    TextKey{"secret_key", &Credential::secret_key}, TextKey{"api_key", &Credential::api_key},
    TextKey{"token", &Credential::token},
};

struct QuotaKey {
  std::string_view name;
  std::optional<std::uint64_t> Quotas::* member;
  bool is_size;
};
constexpr std::array quota_keys{
    QuotaKey{"file_size", &Quotas::file_size, true},
    QuotaKey{"bytes", &Quotas::bytes, true},
    QuotaKey{"sessions", &Quotas::sessions, false},
    QuotaKey{"records", &Quotas::records, false},
};
struct TypesKey {
  std::string_view name;
  std::vector<std::string> model::TypeRules::* member;
};
constexpr std::array types_keys{
    TypesKey{"types_allowed", &model::TypeRules::allowed},
    TypesKey{"types_denied", &model::TypeRules::denied},
};
constexpr std::string_view cloud_ids_key = "cloud_ids";
constexpr std::uint64_t quota_max = std::uint64_t{1} << 60U;

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(printable(path)) {}

  void read(const toml::table& table, bool beside_settings) {
    for (const auto& [key, node] : table) {
      if (key.str() == "credentials") {
        read_all(node, key.source().begin.line);
      } else if (!beside_settings) {
        problem(key.source().begin.line,
                fmt::format("unknown key \"{}\"; expected [[credentials]] alone",
                            printable(key.str())));
      }
    }
  }

  CredentialsResult result() && {
    if (!problems_.empty()) {
      return std::unexpected(std::move(problems_));
    }
    return std::move(credentials_);
  }

  void problem(std::size_t line, const std::string& what) {
    problems_.push_back(fmt::format("{}:{}: {}", path_, line, what));
  }

 private:
  void read_all(const toml::node& node, std::size_t line) {
    const toml::array* tables = node.as_array();
    if (tables == nullptr ||
        !std::ranges::all_of(*tables, [](const toml::node& one) { return one.is_table(); })) {
      problem(line, "credentials: expected tables, each under [[credentials]]");
      return;
    }
    for (const toml::node& one : *tables) {
      read_one(*one.as_table());
    }
  }

  void read_one(const toml::table& table) {
    Credential credential;
    for (const auto& [key, node] : table) {
      read_key(credential, key.str(), node, key.source().begin.line);
    }
    if (credential.owner.empty()) {
      credential.owner = credential.access_key;
    }
    credentials_.push_back(std::move(credential));
  }

  void read_key(Credential& credential, std::string_view name, const toml::node& node,
                std::size_t line) {
    for (const TextKey& key : text_keys) {
      if (key.name == name) {
        read_text(credential.*key.member, name, node, line);
        return;
      }
    }
    for (const QuotaKey& key : quota_keys) {
      if (key.name == name) {
        read_quota(credential.quotas.*key.member, key, node, line);
        return;
      }
    }
    for (const TypesKey& key : types_keys) {
      if (key.name == name) {
        read_types(credential.types.*key.member, name, node, line);
        return;
      }
    }
    if (name == cloud_ids_key) {
      read_cloud_ids(credential, node, line);
      return;
    }
    problem(line, fmt::format("credentials: unknown key \"{}\"", printable(name)));
  }

  void read_text(std::string& value, std::string_view name, const toml::node& node,
                 std::size_t line) {
    const auto* text = node.as_string();
    if (text == nullptr || text->get().empty()) {
      problem(line, fmt::format("credentials: {}: expected a text between quotation marks", name));
      return;
    }
    value = text->get();
  }

  void read_quota(std::optional<std::uint64_t>& value, const QuotaKey& key, const toml::node& node,
                  std::size_t line) {
    std::string text;
    if (const auto* integer = node.as_integer()) {
      text = std::to_string(integer->get());
    } else if (const auto* string = node.as_string(); string != nullptr && key.is_size) {
      text = string->get();
    }
    const Parsed<std::uint64_t> parsed =
        key.is_size ? parse_size(text, 0, quota_max) : parse_count(text, 0, quota_max);
    if (!parsed) {
      problem(line, fmt::format("credentials: {}: {}", key.name, parsed.error()));
      return;
    }
    value = *parsed;
  }

  void read_types(std::vector<std::string>& value, std::string_view name, const toml::node& node,
                  std::size_t line) {
    std::string text;
    read_text(text, name, node, line);
    Parsed<std::vector<std::string>> parsed = TypeList::parse(text);
    if (!parsed) {
      problem(line, fmt::format("credentials: {}: {}", name, parsed.error()));
      return;
    }
    value = *std::move(parsed);
  }

  void read_cloud_ids(Credential& credential, const toml::node& node, std::size_t line) {
    const toml::array* ids = node.as_array();
    if (ids == nullptr || ids->size() > limits::credential_clouds_max) {
      problem(line, fmt::format("credentials: cloud_ids: expected at most {} texts in brackets",
                                limits::credential_clouds_max));
      return;
    }
    for (const toml::node& id : *ids) {
      std::string text;
      read_text(text, cloud_ids_key, id, line);
      credential.cloud_ids.push_back(std::move(text));
    }
  }

  const std::string path_;
  std::vector<Credential> credentials_;
  CredentialProblems problems_;
};

}  // namespace

CredentialsResult read_credentials(const std::string& path, bool beside_settings) {
  CredentialProblems problems;
  const std::optional<std::string> text = read_bounded(path, problems);
  if (!text) {
    return std::unexpected(std::move(problems));
  }
  Reader reader(path);
  try {
    reader.read(toml::parse(*text), beside_settings);
  } catch (const toml::parse_error& error) {
    // The description may quote what stands there.
    reader.problem(error.source().begin.line, "expected TOML");
  }
  return std::move(reader).result();
}

std::string credentials_text(const std::vector<Credential>& credentials) {
  std::string out;
  for (const Credential& credential : credentials) {
    out += out.empty() ? "[[credentials]]\n" : "\n[[credentials]]\n";
    for (const TextKey& key : text_keys) {
      if (!(credential.*key.member).empty()) {
        out += fmt::format("{} = {}\n", key.name, toml_string(credential.*key.member));
      }
    }
    for (const TypesKey& key : types_keys) {
      if (const std::vector<std::string>& types = credential.types.*key.member; !types.empty()) {
        out += fmt::format("{} = {}\n", key.name, TypeList::print(types));
      }
    }
    if (!credential.cloud_ids.empty()) {
      std::string ids;
      for (const std::string& id : credential.cloud_ids) {
        ids += (ids.empty() ? "" : ", ") + toml_string(id);
      }
      out += fmt::format("{} = [{}]\n", cloud_ids_key, ids);
    }
    for (const QuotaKey& key : quota_keys) {
      if (const std::optional<std::uint64_t> value = credential.quotas.*key.member) {
        const std::string text =
            key.is_size ? toml_string(print_size(*value)) : std::to_string(*value);
        out += fmt::format("{} = {}\n", key.name, text);
      }
    }
  }
  return out;
}

CredentialsSource::CredentialsSource(std::vector<Credential> configured, std::string path)
    : path_(std::move(path)), configured_(std::move(configured)) {}

CredentialsSource::Mark CredentialsSource::look() const {
  struct stat status{};
  if (path_.empty() || ::stat(path_.c_str(), &status) != 0) {
    return {};
  }
  return {true,           status.st_dev,         status.st_ino,
          status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

// The mark is of before the reading: a change in between is seen at the next look.
CredentialsResult CredentialsSource::load() {
  std::vector<Credential> all;
  {
    const MutexLock lock(mutex_);
    seen_ = look();
    all = configured_;
  }
  if (!path_.empty()) {
    CredentialsResult read = read_credentials(path_, false);
    if (!read) {
      const MutexLock lock(mutex_);
      seen_ = {};  // The read error may have passed at the next look.
      return read;
    }
    all.insert(all.end(), read->begin(), read->end());
  }
  CredentialProblems problems = auth::problems_of(all);
  if (!problems.empty()) {
    return std::unexpected(std::move(problems));
  }
  return all;
}

std::optional<CredentialsResult> CredentialsSource::load_if_changed() {
  const Mark mark = look();
  MutexLock lock(mutex_);
  if (mark == seen_) {
    return std::nullopt;
  }
  lock.unlock();
  return load();
}

void CredentialsSource::set_configured(std::vector<Credential> configured) {
  const MutexLock lock(mutex_);
  configured_ = std::move(configured);
  seen_ = {};
}

}  // namespace sluice::config
