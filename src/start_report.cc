// SPDX-License-Identifier: MIT
#include "start_report.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "app_settings.h"
#include "base/durability.h"
#include "checks/file_checks.h"
#include "net/endpoint.h"
#include "pages/page_file.h"
#include "video/probe.h"

namespace sluice {
namespace {

const char* uploaders(const config::Config& config) {
  if (config.requires_credentials()) {
    return "holders of a credential";
  }
  return config.server.open ? "everybody who reaches the address" : "everybody on this machine";
}

const char* word_of(Durability durability) {
  switch (durability) {
    case Durability::commit:
      return "commit";
    case Durability::interval:
      return "interval";
    case Durability::none:
      return "none";
  }
  return "";
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path : whole.lexically_normal().string();
}

// A group may be there for these files; all others of the machine are not.
void warn_of_readable_secrets(Log& log, const config::Config& config) {
  const std::array<std::pair<const char*, const std::string*>, 8> files{
      {{"tls.key", &config.tls.key},
       {"admin.token_file", &config.admin.token_file},
       {"auth.file", &config.auth.file},
       {"credentials", &config.credentials_file},
       {"backend.secret_file", &config.backend.secret_file},
       {"journal.password_file", &config.journal.password_file},
       {"s3.credentials_file", &config.s3.credentials_file},
       {"hooks.secret_file", &config.hooks.secret_file}}};
  for (const auto& [setting, path] : files) {
    struct stat status{};
    if (path->empty() || ::stat(path->c_str(), &status) != 0) {
      continue;
    }
    if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
      log.warn("others than the server may read or change a file with secrets",
               {{"setting", setting},
                {"file", *path},
                {"mode", fmt::format("{:04o}", status.st_mode & 07777U)}});
    }
  }
}

// The console keeps to this machine then, but all else there is for everybody who reaches it.
void warn_of_open_admin_pages(Log& log, const config::Config& config) {
  const net::Endpoint& listen = config.admin.listen;
  if (listen.is_set() && !net::is_loopback(listen) && config.admin.token_file.empty()) {
    log.warn("other machines can reach admin.listen, and there is no admin.token_file",
             {{"open_to_them", "metrics and health, not the console"}});
  }
}

void warn_of_file_size_limit(Log& log, const config::Config& config) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < config.limits.file_size) {
    log.warn("a limit of this process is below limits.file_size, larger files get 507",
             {{"bytes", std::uint64_t{limit.rlim_cur}}});
  }
}

void tell_of_pages(Log& log, const config::Config& config) {
  if (pages::built_files().empty()) {
    log.info("this build has no pages for people");
  } else if (config.pages.upload && !has_upload_page(config)) {
    log.warn("the upload page is off, it needs tus in dialects.enabled");
  }
}

void tell_of_probe(Log& log, const config::Config& config) {
  if (config.backend.url.empty() && config.probe().empty() && !video::HelperProber().check()) {
    log.warn("sluice-probe is not installed, every file is taken for a video unseen");
  }
}

}  // namespace

void report_start(Log& log, const config::Config& config, std::size_t credentials) {
  log.info("started", {{"version", SLUICE_VERSION},
                       {"data", absolute(config.data.directory)},
                       {"durability", word_of(config.data.durability)},
                       {"uploaders", uploaders(config)},
                       {"credentials", std::uint64_t{credentials}}});
  tell_of_pages(log, config);
  tell_of_probe(log, config);
  if (::geteuid() == 0) {
    log.warn("the server runs as root, a user of its own can do less harm");
  }
  warn_of_readable_secrets(log, config);
  warn_of_open_admin_pages(log, config);
  warn_of_file_size_limit(log, config);
}

void warn_of_missing_checker(Log& log, const config::Config& config, const auth::Keyring& keyring) {
  const Result<> usable = checks::helper_usable(check_settings(config));
  if (!usable && keyring.has_types()) {
    log.warn("sluice-check is not installed, files of owners whose credentials name types wait",
             {{"reason", usable.error().message()}});
  }
}

}  // namespace sluice
