// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/keyring.h"
#include "base/printable.h"
#include "base/random.h"
#include "commands/commands.h"
#include "config/credentials_file.h"

namespace sluice::commands {
namespace {

using auth::Credential;

struct Arguments {
  std::string file;
  std::string owner;
  std::vector<std::string> cloud_ids;
  std::string name;
};

int complain(const std::string& what) {
  std::fprintf(stderr, "sluice: %s\n", what.c_str());
  return EXIT_FAILURE;
}

std::optional<std::vector<Credential>> load(const std::string& file, bool may_be_missing) {
  std::error_code error;
  if (may_be_missing && !std::filesystem::exists(file, error)) {
    return std::vector<Credential>();
  }
  config::CredentialsResult read = config::read_credentials(file, false);
  const std::vector<std::string> problems = read ? auth::problems_of(*read) : read.error();
  for (const std::string& problem : problems) {
    complain(problem);
  }
  return problems.empty() ? std::optional(*std::move(read)) : std::nullopt;
}

bool write_all(int descriptor, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(descriptor, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return false;
    }
    written += static_cast<std::size_t>(count);
  }
  return ::fsync(descriptor) == 0;
}

// A reader sees the old file or the new one.
int replace(const std::string& file, const std::vector<Credential>& credentials) {
  const std::string fresh = file + "." + random_token().substr(0, 8);
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool done = descriptor >= 0 &&
                    write_all(descriptor, config::credentials_text(credentials)) &&
                    ::rename(fresh.c_str(), file.c_str()) == 0;
  const int reason = errno;
  if (descriptor >= 0) {
    ::close(descriptor);
  }
  if (done) {
    return EXIT_SUCCESS;
  }
  ::unlink(fresh.c_str());
  return complain(printable(file) + ": cannot be replaced: " + std::strerror(reason));
}

int add(const Arguments& given) {
  std::optional<std::vector<Credential>> credentials = load(given.file, true);
  if (!credentials) {
    return EXIT_FAILURE;
  }
  Credential credential;
  credential.access_key = random_token().substr(0, 20);
  credential.secret_key = random_token();
  credential.api_key = random_token();
  credential.owner = given.owner.empty() ? credential.access_key : given.owner;
  credential.cloud_ids = given.cloud_ids;
  credentials->push_back(credential);
  credentials->back().api_key = auth::digest_text(credential.api_key);
  for (const std::string& problem : auth::problems_of(*credentials)) {
    return complain(problem);
  }
  const int code = replace(given.file, *credentials);
  if (code == EXIT_SUCCESS) {
    std::fputs(config::credentials_text({credential}).c_str(), stdout);
  }
  return code;
}

int list(const Arguments& given) {
  const std::optional<std::vector<Credential>> credentials = load(given.file, false);
  if (!credentials) {
    return EXIT_FAILURE;
  }
  for (const Credential& credential : *credentials) {
    fmt::print("owner {}, access_key {}{}{}\n", printable(credential.owner),
               credential.access_key.empty() ? "none" : printable(credential.access_key),
               credential.api_key.empty() ? "" : ", an API key",
               credential.token.empty() ? "" : ", a token");
  }
  return EXIT_SUCCESS;
}

int revoke(const Arguments& given) {
  std::optional<std::vector<Credential>> credentials = load(given.file, false);
  if (!credentials) {
    return EXIT_FAILURE;
  }
  const std::size_t count = std::erase_if(*credentials, [&given](const Credential& credential) {
    return credential.access_key == given.name || credential.owner == given.name;
  });
  if (count == 0) {
    return complain("no credential has the access key or the owner " + printable(given.name));
  }
  const int code = replace(given.file, *credentials);
  if (code == EXIT_SUCCESS) {
    fmt::print("revoked: {}\n", count);
  }
  return code;
}

}  // namespace

void add_credentials(CLI::App& program, int& exit_code) {
  const auto given = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("credentials", "Change the file of credentials");
  command->require_subcommand(1);
  command->add_option("--file", given->file, "The file that auth.file names")
      ->type_name("FILE")
      ->required();
  CLI::App* adding = command->add_subcommand("add", "Make keys and print them, once");
  adding->add_option("--owner", given->owner, "Whose the videos are; else the access key");
  adding->add_option("--cloud-id", given->cloud_ids, "An accepted cloud_id or factory_id");
  adding->callback([given, &exit_code] { exit_code = add(*given); });
  CLI::App* listing = command->add_subcommand("list", "Print the credentials without secrets");
  listing->callback([given, &exit_code] { exit_code = list(*given); });
  CLI::App* revoking = command->add_subcommand("revoke", "Remove all of an owner, or one");
  revoking->add_option("NAME", given->name, "Access key or owner")->required();
  revoking->callback([given, &exit_code] { exit_code = revoke(*given); });
}

}  // namespace sluice::commands
