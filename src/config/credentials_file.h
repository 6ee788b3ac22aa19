// SPDX-License-Identifier: MIT
// `[[credentials]]` in TOML: in the configuration, or in a file of their own that is read again
// when it changes. No message holds a value that could be a secret.
#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "auth/credential.h"
#include "base/mutex.h"

namespace sluice::config {

// One line each, beginning with the place.
using CredentialProblems = std::vector<std::string>;
using CredentialsResult = std::expected<std::vector<auth::Credential>, CredentialProblems>;

// Blocks. With `beside_settings` other keys are another reader's matter, without it they are
// problems. Does not look for what problems_of() finds.
CredentialsResult read_credentials(const std::string& path, bool beside_settings);

// TOML that reads back as `credentials`; secrets and all.
std::string credentials_text(const std::vector<auth::Credential>& credentials);

// The credentials of the configuration together with those of the file that it names. Any thread.
class CredentialsSource {
 public:
  // An empty path means no file.
  CredentialsSource(std::vector<auth::Credential> configured, std::string path);

  // Blocks. All that are in force, or what is wrong.
  CredentialsResult load();
  // At its next look a reader of the file finds it changed.
  void set_configured(std::vector<auth::Credential> configured);
  // Of the file; empty: there is none.
  const std::string& path() const noexcept { return path_; }
  // Blocks. The same when the file is another than at the last call of either; else nullopt.
  std::optional<CredentialsResult> load_if_changed();

 private:
  // Whether it is there; device, inode, size, and the time of its last change.
  using Mark = std::tuple<bool, dev_t, ino_t, off_t, time_t, long>;
  Mark look() const;

  const std::string path_;
  Mutex mutex_;
  std::vector<auth::Credential> configured_ GUARDED_BY(mutex_);
  Mark seen_ GUARDED_BY(mutex_);
};

}  // namespace sluice::config
