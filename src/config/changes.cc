// SPDX-License-Identifier: MIT
#include "config/changes.h"

#include "config/settings.h"

namespace sluice::config {

Changes changes_to(const Config& running, const Config& wanted) {
  Changes changes{.config = running, .applied = {}, .waiting = {}};
  for (const Setting& setting : settings()) {
    if (setting.print(running) == setting.print(wanted)) {
      continue;
    }
    if (setting.reloads) {
      setting.copy(wanted, changes.config);
      changes.applied.emplace_back(setting.key);
    } else {
      changes.waiting.emplace_back(setting.key);
    }
  }
  if (running.credentials != wanted.credentials) {
    if (running.requires_credentials() && wanted.requires_credentials() &&
        running.auth.file == wanted.auth.file) {
      changes.config.credentials = wanted.credentials;
      changes.applied.emplace_back("credentials");
    } else {
      changes.waiting.emplace_back("credentials");
    }
  }
  return changes;
}

}  // namespace sluice::config
