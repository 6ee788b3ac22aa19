// SPDX-License-Identifier: MIT
#include "app.h"

#include <sys/resource.h>
#include <sys/un.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "app_settings.h"
#include "base/limits.h"
#include "net/tls_stream.h"
#include "start_report.h"

namespace sluice {

using runtime::Task;

namespace {

// Two descriptors for an upload under way; the soft limit is often 1024.
void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

Result<std::unique_ptr<App>> App::open(const ops::Config& config, Clock& clock, Log& log,
                                       Metrics& metrics) {
  raise_open_files_limit();
  auto data = store::DataDirectory::open(config.data.directory);
  if (!data) {
    return fail(data.error());
  }
  std::unique_ptr<App> app(new App(config, clock, log, metrics, std::move(*data)));
  if (const Result<> opened = app->open_parts(); !opened) {
    return fail(opened.error());
  }
  return app;
}

App::App(const ops::Config& config, Clock& clock, Log& log, Metrics& metrics,
         store::DataDirectory data)
    : config_(config),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      steady_clock_(clock, boot_clock_, log, clock_agreement(config)),
      connection_limits_(connection_limits(config), metrics_),
      data_(std::move(data)),
      storage_pool_(limits::storage_threads),
      slow_work_(limits::delivery_threads),
      credentials_pool_(limits::credentials_threads),
      buffers_(config.limits.buffers, metrics_.buffers_in_use),
      credentials_(config.credentials, config.auth.file) {}

Result<> App::open_parts() {
  auto journal =
      journal::SqliteJournal::open(data_.journal_file(), config_.data.durability, metrics_, log_);
  if (!journal) {
    return fail(journal.error());
  }
  journal_ = std::move(*journal);
  for (std::size_t i = 0; i < worker_count(config_); ++i) {
    workers_.push_back(std::make_unique<runtime::Worker>("worker " + std::to_string(i), log_));
  }
  if (const Result<> listening = open_listeners(); !listening) {
    return fail(listening.error());
  }

  store_ = std::make_unique<store::LocalStore>(disk_, storage_pool_, data_.uploads(),
                                               config_.data.durability, metrics_);
  answers_ = std::make_unique<store::AnswerFiles>(disk_, storage_pool_, data_.answers(),
                                                  config_.data.durability);
  Result<std::unique_ptr<video::Prober>> prober = video::open_prober(config_.video.probe);
  if (!prober) {
    return fail(prober.error());
  }
  prober_ = *std::move(prober);
  library_ = std::make_unique<video::VideoLibrary>(
      *journal_, *store_, disk_, storage_pool_, slow_work_, *prober_, clock_, log_, data_.videos());
  if (const Result<> opened = open_hooks(); !opened) {
    return opened;
  }
  const Result<delivery::Backend*> backend = open_backend();
  if (!backend) {
    return fail(backend.error());
  }
  outbox_ = std::make_unique<delivery::Outbox>(
      *journal_, **backend, first(), steady_clock_, metrics_, log_,
      delivery::OutboxSettings{{config_.delivery.retry_first, config_.delivery.retry_max},
                               config_.delivery.give_up_after,
                               config_.delivery.at_once});
  upload::EngineParts parts{*journal_, *store_,       *answers_, *announcer_,
                            buffers_,  steady_clock_, metrics_,  log_};
  engine_ = std::make_unique<upload::UploadEngine>(parts, *outbox_, engine_settings(config_));
  pages_ = std::make_unique<ops::ServerPages>(metrics_, *journal_, *store_, config_.data.low_water);
  auto base = std::make_shared<protocol::LocationBase>(config_.server.public_url);
  moves_ = std::make_unique<ops::LocationMoves>(*base, disk_, storage_pool_, data_.path(), log_);
  if (const Result<> restored = moves_->restore(); !restored) {
    return fail(restored.error());
  }
  if (const Result<> opened = open_credentials(); !opened) {
    return fail(opened.error());
  }
  dialects_ = std::make_unique<Dialects>(
      DialectParts{*engine_, *gate_, *library_, *pages_, *authenticator_},
      protocol::ProtocolSettings{
          .base = std::move(base),
          .file_size_max = config_.limits.file_size,
          .sessions_max = config_.limits.sessions,
          .records_max = config_.limits.records,
          .unauthenticated_bytes = config_.auth.unauthenticated_bytes,
          .unauthenticated_bytes_per_address = config_.auth.unauthenticated_bytes_per_address,
          .client_of =
              [this](const std::string& address) {
                return connection_limits_.client_of(net::parse_address(address));
              },
          .takes_extra_files =
              config_.backend.url.empty() || config_.backend.mode != delivery::HandoffMode::body,
          .part_connections = config_.limits.part_connections,
          .origins = config_.cors.origins,
          .api_origins = config_.cors.api_origins,
          .hosts = host_names(config_.server),
          .serves_every_host = config_.server.open,
          .shows_inside = !config_.admin.listen.is_set(),
          .page_sessions = config_.server.authorize_upload,
          .crossdomain_xml = config_.cors.crossdomain_xml,
          .kept_headers = config_.backend.headers});
  http::SessionSettings sessions = session_settings(config_);
  sessions.answers = &answer_budget_;
  for (const auto& worker : workers_) {
    connections_.push_back(std::make_unique<http::Connections>(
        worker->executor(), dialects_->router(), sessions, log_, metrics_));
  }
  open_control();
  return open_admin();
}

Result<> App::open_hooks() {
  const bool has_hooks = config_.hooks != ops::Config::Hooks{};
  if (has_hooks || !config_.backend.url.empty()) {
    http_client_ = std::make_unique<outgoing::HttpClient>(storage_pool_);
  }
  announcer_ = std::make_unique<upload::NoAnnouncer>();
  gate_ = std::make_unique<protocol::OpenGate>();
  if (!has_hooks) {
    return {};
  }
  Result<hooks::HookSettings> settings = hook_settings(config_);
  if (!settings) {
    return fail(settings.error());
  }
  if (settings->authorize) {
    questions_ =
        std::make_unique<outgoing::BoundedSender>(*http_client_, limits::authorize_questions_max);
    gate_ = std::make_unique<hooks::Authorizer>(*questions_, clock_, log_, *settings);
  }
  auto notifier = std::make_unique<hooks::Notifier>(
      *journal_, *http_client_, first(), steady_clock_, clock_, log_, *std::move(settings));
  notifier_ = notifier.get();
  announcer_ = std::move(notifier);
  return {};
}

Result<> App::open_listeners() {
  const net::Listener::Settings settings{.socket_mode = config_.server.socket_mode};
  const auto open = [&](const net::Endpoint& endpoint,
                        std::unique_ptr<net::Listener>& place) -> Result<> {
    auto listener =
        net::Listener::open(first(), endpoint, settings, connection_limits_, log_, metrics_);
    if (!listener) {
      return fail(listener.error());
    }
    place = std::move(*listener);
    return {};
  };
  if (config_.server.listen.is_set()) {
    if (Result<> opened = open(config_.server.listen, listener_); !opened) {
      return opened;
    }
  }
  if (!config_.tls.listen.is_set()) {
    return {};
  }
  auto identity = net::TlsIdentity::open({config_.tls.certificate, config_.tls.key});
  if (!identity) {
    return fail(identity.error());
  }
  tls_ = std::move(*identity);
  return open(config_.tls.listen, tls_listener_);
}

std::vector<std::string> App::addresses() const {
  std::vector<std::string> all;
  if (listener_) {
    const net::Endpoint& endpoint = listener_->endpoint();
    all.push_back((endpoint.is_unix() ? "" : "http://") + net::to_text(endpoint));
  }
  if (tls_listener_) {
    const net::Endpoint& endpoint = tls_listener_->endpoint();
    all.push_back((endpoint.is_unix() ? "" : "https://") + net::to_text(endpoint));
  }
  return all;
}

std::string App::admin_address() const {
  return admin_listener_ ? admin_listener_->address() : std::string();
}

void App::reload() {
  if (!tls_) {
    return;
  }
  if (const Result<> loaded = tls_->reload(); !loaded) {
    log_.error("the old certificate stays", {{"reason", loaded.error().message()}});
  } else {
    log_.info("the certificate was read again", {{"file", config_.tls.certificate}});
  }
}

Result<delivery::Backend*> App::open_backend() {
  if (config_.backend.url.empty()) {
    return library_.get();
  }
  Result<delivery::HttpBackendSettings> settings = backend_settings(config_.backend);
  if (!settings) {
    return fail(settings.error());
  }
  settings->answer_bytes_max = config_.delivery.answer_max;
  http_backend_ = std::make_unique<delivery::HttpBackend>(
      *http_client_, *store_, *answers_, storage_pool_, slow_work_, clock_, *std::move(settings));
  return http_backend_.get();
}

// Without it the server does all it has to do for clients.
void App::open_control() {
  control_pages_ = std::make_unique<control::ControlPages>(*engine_, *moves_);
  net::Endpoint endpoint;
  endpoint.path = data_.path() + "/control.sock";
  if (endpoint.path.size() >= sizeof(sockaddr_un::sun_path)) {
    log_.warn("operators cannot reach this server",
              {{"reason", "the path is too long for a socket: " + endpoint.path}});
    return;
  }
  auto listener = OperatorListener::open(*workers_.front(), endpoint, {}, *control_pages_, {},
                                         limits::control_connections_max, log_);
  if (!listener) {
    log_.warn("operators cannot reach this server", {{"reason", listener.error().message()}});
    return;
  }
  control_listener_ = std::move(*listener);
}

Result<> App::open_admin() {
  if (!config_.admin.listen.is_set()) {
    return {};
  }
  admin_pages_ = std::make_unique<ops::AdminPages>(*pages_);
  auto listener = OperatorListener::open(
      *workers_.front(), config_.admin.listen, {.socket_mode = config_.server.socket_mode},
      *admin_pages_, session_settings(config_), limits::admin_connections_max, log_);
  if (!listener) {
    return fail(listener.error());
  }
  admin_listener_ = std::move(*listener);
  return {};
}

Result<> App::open_credentials() {
  ops::CredentialsResult credentials = credentials_.load();
  if (!credentials) {
    return fail(Errc::bad_request, credentials.error().front());
  }
  keyring_ =
      std::make_unique<auth::Keyring>(*std::move(credentials), config_.requires_credentials());
  authenticator_ = std::make_unique<auth::Authenticator>(
      *keyring_, clock_,
      auth::AuthenticatorSettings{.hosts = config_.auth.hosts,
                                  .window = config_.auth.window,
                                  .file_window = config_.auth.file_window});
  return {};
}

// Coroutines that were still under way are destroyed with their worker's event loop: before it go
// the threads that could resume them and the sockets that belong to it, after it what their frames
// refer to.
App::~App() {
  for (const auto& worker : workers_) {
    worker->stop();
  }
  if (http_backend_) {
    http_backend_->stop();
  }
  if (http_client_) {
    http_client_->stop();
  }
  storage_pool_.stop();
  slow_work_.stop();
  credentials_pool_.stop();
  journal_.reset();
  listener_.reset();
  for (OperatorListener* listener : {control_listener_.get(), admin_listener_.get()}) {
    if (listener != nullptr) {
      listener->close();
    }
  }
  tls_listener_.reset();
  workers_.clear();
}

void App::start() {
  report_start(log_, config_, keyring_->size());
  outbox_->open(*engine_);
  if (notifier_ != nullptr) {
    notifier_->open();
  }
  runtime::start(first(), log_, "sweep", sweep());
  runtime::start(first(), log_, "sync", sync_often());
  for (OperatorListener* listener : {control_listener_.get(), admin_listener_.get()}) {
    if (listener != nullptr) {
      runtime::start(first(), log_, "listen for operators", listener->run());
    }
  }
  if (listener_) {
    runtime::start(first(), log_, "listen", listen(*listener_, nullptr));
  }
  if (tls_listener_) {
    runtime::start(first(), log_, "listen for TLS", listen(*tls_listener_, tls_.get()));
  }
  if (!config_.auth.file.empty()) {
    runtime::start(first(), log_, "credentials", watch_credentials());
  }
}

Task<> App::listen(net::Listener& listener, const net::TlsIdentity* tls) {
  std::vector<net::Listener::Target> targets;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    http::Connections& connections = *connections_[i];
    const Duration handshake = config_.tls.handshake;
    targets.push_back(
        {workers_[i]->executor(), workers_[i]->deadlines(),
         [&connections, tls, handshake](std::unique_ptr<net::TcpStream> stream) {
           if (tls == nullptr) {
             connections.add(std::move(stream));
           } else {
             connections.add(std::make_unique<net::TlsStream>(std::move(stream), *tls, handshake));
           }
         }});
  }
  co_await listener.run(std::move(targets));
}

// Expired uploads, forgotten answers, and what a crash left behind.
Task<> App::sweep() {
  bool begins = true;
  Duration pause = Duration::zero();
  while (!co_await stopping_.wait(pause)) {
    if (begins) {
      co_await library_->clean_leftovers();
    }
    const Result<upload::Reaped> reaped = co_await engine_->reap();
    if (!reaped) {
      log_.warn("the reaper could not read the journal", {{"reason", reaped.error().message()}});
    }
    begins = !reaped || !reaped->has_more;
    pause = begins ? config_.expiry.sweep : Duration::zero();
  }
}

// Also where nothing is deferred: what a process before this one has left.
Task<> App::sync_often() {
  const upload::EngineSettings& settings = engine_->settings();
  bool goes_on = settings.syncs || settings.defers_syncs;
  bool is_failing = false;
  while (goes_on && !co_await stopping_.wait(config_.data.sync_interval)) {
    const Result<bool> more = co_await engine_->sync_deferred();
    if (!more && !is_failing) {
      log_.error("acknowledged bytes are not synced", {{"reason", more.error().message()}});
    }
    is_failing = !more;
    goes_on = settings.defers_syncs || is_failing || *more;
  }
  sync_often_ended_.set();
}

// A file with a mistake in it changes nothing: who could come in still can, nobody else.
Task<> App::watch_credentials() {
  auto look = [this] { return credentials_.load_if_changed(); };
  std::string problem;
  while (!co_await stopping_.wait(limits::credentials_poll)) {
    std::optional<ops::CredentialsResult> changed =
        co_await runtime::offload(credentials_pool_, look);
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
    keyring_->replace(*std::move(*changed));
    log_.info("credentials read again", {{"credentials", std::uint64_t{keyring_->size()}}});
  }
}

void App::drain() {
  log_.info("draining", {{"connections", metrics_.connections_open.value()}});
  pages_->set_draining();
  runtime::run_and_wait(first(), log_, "drain delay",
                        runtime::sleep_for(config_.server.drain_delay));
  stopping_.set();
  runtime::run_and_wait(first(), log_, "stop listening", stop_listening());
  std::vector<std::jthread> waiting;
  waiting.reserve(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    waiting.emplace_back([this, i] {
      runtime::run_and_wait(workers_[i]->executor(), log_, "drain",
                            drain_connections(*connections_[i]));
    });
  }
  waiting.clear();
  if (control_listener_) {
    runtime::run_and_wait(first(), log_, "drain",
                          drain_connections(control_listener_->connections()));
  }
  runtime::run_and_wait(first(), log_, "close outbox", close_outbox());
  runtime::run_and_wait(first(), log_, "last sync", sync_last());
  // Up to here the pages say that the server is not ready.
  if (admin_listener_) {
    runtime::run_and_wait(first(), log_, "stop pages", stop_pages());
  }
  log_.info("drained");
}

Task<> App::stop_listening() {
  for (net::Listener* listener : {listener_.get(), tls_listener_.get()}) {
    if (listener != nullptr) {
      listener->stop();
    }
  }
  if (control_listener_) {
    control_listener_->stop();
  }
  co_return;
}

Task<> App::stop_pages() {
  admin_listener_->stop();
  admin_listener_->connections().cut(Errc::draining);
  co_await admin_listener_->connections().wait(limits::cut_wait_max);
}

Task<> App::drain_connections(http::Connections& connections) {
  connections.drain();
  if (co_await connections.wait(config_.server.drain)) {
    co_return;
  }
  log_.info("cutting requests that are still under way",
            {{"connections", std::uint64_t{connections.size()}}});
  connections.cut(Errc::draining);
  if (!co_await connections.wait(limits::cut_wait_max)) {
    log_.warn("connections did not end in time",
              {{"connections", std::uint64_t{connections.size()}}});
  }
}

Task<> App::sync_last() {
  if (!engine_->settings().defers_syncs) {
    co_return;
  }
  Result<bool> synced = fail(Errc::storage_failed, "a sync does not end");
  if (co_await sync_often_ended_.wait(limits::last_sync_wait_max)) {
    synced = co_await engine_->sync_deferred();
  }
  if (!synced) {
    log_.error("acknowledged bytes are not synced", {{"reason", synced.error().message()}});
  }
}

Task<> App::close_outbox() {
  if (!co_await outbox_->close(limits::outbox_close_wait_max)) {
    log_.warn("a hand-off is still under way; it is repeated after the next start");
  }
  if (notifier_ != nullptr && !co_await notifier_->close(limits::outbox_close_wait_max)) {
    log_.warn("a hook is still being told; it is told again after the next start");
  }
}

}  // namespace sluice
