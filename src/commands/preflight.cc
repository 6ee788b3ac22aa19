// SPDX-License-Identifier: MIT
#include "commands/preflight.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include "app_settings.h"
#include "base/error.h"
#include "checks/file_checks.h"
#include "config/secret_file.h"
#include "journal/boot.h"
#include "net/tls_identity.h"
#include "store/data_directory.h"
#include "video/probe.h"

namespace sluice::commands {
namespace {

class Preflight {
 public:
  explicit Preflight(const config::Config& config) : config_(config) {}

  void expect(std::string_view key, const Result<>& sound) {
    if (!sound) {
      problems_.push_back(
          fmt::format("{}: {}: {}", config_.origin(key), key, sound.error().message()));
    }
  }
  config::ConfigProblems problems() && { return std::move(problems_); }

 private:
  const config::Config& config_;
  config::ConfigProblems problems_;
};

Result<> secret(const std::string& path) {
  const Result<std::string> read = config::read_secret(path);
  return read ? Result<>() : fail(read.error());
}

// Empty: nothing is named.
Result<> readable(const std::string& path) {
  if (!path.empty() && ::access(path.c_str(), R_OK) != 0) {
    return fail(storage_error(errno, "read", path));
  }
  return {};
}

Result<> usable_directory(const std::string& path) {
  struct stat status{};
  if (path.empty()) {
    return {};
  }
  if (::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    return fail(Errc::storage_failed, path + " is no directory");
  }
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail(storage_error(errno, "use", path));
  }
  return {};
}

// A Unix socket gets its name there.
Result<> place_for(const net::Endpoint& endpoint) {
  const std::string parent = std::filesystem::path(endpoint.path).parent_path().string();
  return endpoint.is_unix() ? usable_directory(parent) : Result<>();
}

Result<> probe(const std::string& program) {
  const auto opened = video::open_prober(program);
  return opened ? Result<>() : fail(opened.error());
}

Result<> durability(Durability wanted) {
  if (wanted == Durability::interval && journal::current_boot_id().empty()) {
    return fail(Errc::storage_failed,
                "\"interval\" needs /proc/sys/kernel/random/boot_id, which cannot be read");
  }
  return {};
}

Result<> identity(const config::Config::Tls& tls) {
  if (!tls.listen.is_set()) {
    return {};
  }
  const auto opened = net::TlsIdentity::open({tls.certificate, tls.key});
  return opened ? Result<>() : fail(opened.error());
}

}  // namespace

config::ConfigProblems problems_around(const config::Config& config) {
  Preflight all(config);
  all.expect("data.directory",
             store::DataDirectory::check(config.data.directory, config.data.force));
  all.expect("data.durability", durability(config.data.durability));
  all.expect("server.listen", place_for(config.server.listen));
  all.expect("tls.listen", place_for(config.tls.listen));
  all.expect("admin.listen", place_for(config.admin.listen));
  all.expect("tls.certificate", identity(config.tls));
  all.expect("admin.token_file", secret(config.admin.token_file));
  all.expect("backend.secret_file", secret(config.backend.secret_file));
  all.expect("backend.ca_file", readable(config.backend.ca_file));
  all.expect("backend.directory", usable_directory(config.backend.directory));
  all.expect("journal.password_file", readable(config.journal.password_file));
  all.expect("hooks.secret_file", secret(config.hooks.secret_file));
  all.expect("hooks.ca_file", readable(config.hooks.ca_file));
  all.expect("checks.program", checks::check_usable(check_settings(config)));
  all.expect("video.probe", probe(config.probe()));
  return std::move(all).problems();
}

}  // namespace sluice::commands
