// SPDX-License-Identifier: MIT
// Has a running server follow its file of credentials.
#pragma once

#include <functional>

#include "auth/keyring.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "config/credentials_file.h"
#include "runtime/blocking_pool.h"
#include "runtime/event.h"
#include "runtime/part.h"
#include "runtime/task.h"

namespace sluice::config {

// Looks at the file every `pause`, and gives the keyring what stands in it when it has changed. A
// file with a mistake in it changes nothing: the credentials before stay in force, and the first
// problem is logged, once for each. Runs on one worker's executor and outlives its loop.
class CredentialsWatcher final : public runtime::Part {
 public:
  // `changed` is called when the keyring has other credentials.
  CredentialsWatcher(runtime::Executor executor, CredentialsSource& source, auth::Keyring& keyring,
                     Log& log, std::function<void()> changed,
                     Duration pause = limits::credentials_poll);

  void start() override;
  void drain() override { stopping_.set(); }
  void close() override { pool_.stop(); }

 private:
  runtime::Task<> run();

  const runtime::Executor executor_;
  CredentialsSource& source_;
  auth::Keyring& keyring_;
  Log& log_;
  const std::function<void()> changed_;
  const Duration pause_;
  // Of its own: see the limit.
  runtime::BlockingPool pool_{limits::credentials_threads};
  runtime::Event stopping_;
};

}  // namespace sluice::config
