// SPDX-License-Identifier: MIT
// App::reload(): all is read and checked first, then each part takes its share over. Between two
// parts a request may see the one before the change and the other after it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app.h"
#include "app_settings.h"
#include "config/changes.h"
#include "start_report.h"

namespace sluice {

struct App::Prepared {
  std::vector<auth::Credential> credentials;
  hooks::HookSettings hooks;
  std::optional<delivery::HttpBackendSettings> backend;
  std::unique_ptr<net::TlsIdentity> identity;  // Null: no TLS.
  std::optional<s3::SigningKey> store_key;     // Unset: it stays as it is.
};

runtime::Task<Result<admin::ReloadReport>> App::reload_soon() {
  auto work = [this] { return reload(); };
  co_return co_await runtime::offload(storage_pool_, std::move(work));
}

Result<admin::ReloadReport> App::reload() {
  const MutexLock lock(reload_mutex_);
  Result<admin::ReloadReport> report = try_reload();
  metrics_.reload_succeeded.set(report ? 1 : 0);
  if (!report) {
    metrics_.reloads_refused.add();
    log_.error("the settings stay what they were", {{"reason", report.error().message()}});
    return report;
  }
  metrics_.reloads_done.add();
  const std::string applied = fmt::format("{}", fmt::join(report->applied, ", "));
  const std::string waiting = fmt::format("{}", fmt::join(report->waiting, ", "));
  log_.info("settings read again", {{"changed", applied}});
  if (!waiting.empty()) {
    log_.warn("settings wait for a restart", {{"settings", waiting}});
  }
  return report;
}

Result<admin::ReloadReport> App::try_reload() {
  const auto wanted = reloading_.read();
  if (!wanted) {
    return fail(Errc::bad_request, fmt::format("{}", fmt::join(wanted.error(), "\n")));
  }
  config::Changes changes = config::changes_to(running_, *wanted);
  Result<Prepared> prepared = prepare(changes.config);
  if (!prepared) {
    return fail(Errc::bad_request, prepared.error().message());
  }
  if (reloads_ == limits::reloads_max) {
    return fail(Errc::bad_request,
                "the settings have been read too often since the start: restart the server");
  }
  ++reloads_;
  apply(changes.config, *std::move(prepared));
  running_ = std::move(changes.config);
  return admin::ReloadReport{std::move(changes.applied), std::move(changes.waiting)};
}

Result<App::Prepared> App::prepare(const config::Config& config) const {
  Prepared prepared;
  config::CredentialsResult credentials =
      config::CredentialsSource(config.credentials, config.auth.file).load();
  if (!credentials) {
    return fail(Errc::bad_request, credentials.error().front());
  }
  prepared.credentials = *std::move(credentials);
  Result<hooks::HookSettings> hooks = hook_settings(config, state_.node, metrics_);
  if (!hooks) {
    return fail(hooks.error());
  }
  prepared.hooks = *std::move(hooks);
  if (http_backend_) {
    Result<delivery::HttpBackendSettings> backend = backend_settings(config);
    if (!backend) {
      return fail(backend.error());
    }
    prepared.backend = *std::move(backend);
  }
  Result<std::unique_ptr<net::TlsIdentity>> identity = listeners_->read_identity(config.tls);
  if (!identity) {
    return fail(identity.error());
  }
  prepared.identity = *std::move(identity);
  if (object_storage_ && !config.s3.credentials_file.empty()) {
    Result<s3::SigningKey> key = read_signing_key(config.s3);
    if (!key) {
      return fail(key.error());
    }
    prepared.store_key = *std::move(key);
  }
  return prepared;
}

void App::apply(const config::Config& config, Prepared prepared) {
  credentials_.set_configured(config.credentials);
  keyring_->replace(std::move(prepared.credentials));
  authenticator_->change(authenticator_settings(config));
  authorizer_->change(prepared.hooks);
  notifier_->change(std::move(prepared.hooks));
  if (prepared.backend) {
    http_backend_->change(*std::move(prepared.backend));
  }
  if (prepared.identity) {
    listeners_->show(*prepared.identity);
  }
  if (prepared.store_key) {
    object_storage_->change_key(*prepared.store_key);
  }
  delivery::OutboxSettings outbox = outbox_settings(config, state_.node);
  outbox.checks = checks_.get();
  outbox_->change(outbox);
  engine_->change(engine_settings(config, state_.node));
  pages_->set_low_water(config.data.low_water);
  dialects_->change(protocol_settings(config));
  creation_rates_->set_rates(config.limits.creations_per_address,
                             config.limits.creations_per_owner);
  connection_limits_.change(config.limits.connections, config.limits.connections_per_address);
  http::SessionSettings sessions = session_settings(config);
  sessions.answers = &answer_budget_;
  clients_->change(sessions);
  reloading_.set_log_level(config.log.level);
  warn_of_missing_checker(log_, config, *keyring_);
}

}  // namespace sluice
