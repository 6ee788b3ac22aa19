// SPDX-License-Identifier: MIT
#include "config/credentials_watcher.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace sluice::config {

CredentialsWatcher::CredentialsWatcher(runtime::Executor executor, CredentialsSource& source,
                                       auth::Keyring& keyring, Log& log,
                                       std::function<void()> changed, Duration pause)
    : executor_(std::move(executor)),
      source_(source),
      keyring_(keyring),
      log_(log),
      changed_(std::move(changed)),
      pause_(pause) {}

void CredentialsWatcher::start() {
  runtime::start(executor_, log_, "credentials", run());
}

runtime::Task<> CredentialsWatcher::run() {
  std::string problem;
  while (!co_await stopping_.wait(pause_)) {
    std::optional<CredentialsResult> changed =
        co_await runtime::offload(pool_, [this] { return source_.load_if_changed(); });
    if (!changed) {
      continue;
    }
    if (!*changed) {
      if (problem != changed->error().front()) {
        problem = changed->error().front();
        log_.error("the credentials stay what they were", {{"reason", problem}});
      }
      continue;
    }
    problem.clear();
    keyring_.replace(**std::move(changed));
    log_.info("audit", {{"act", "credentials"}, {"from", source_.path()}, {"result", "done"}});
    log_.info("credentials read again", {{"credentials", std::uint64_t{keyring_.size()}}});
    changed_();
  }
}

}  // namespace sluice::config
