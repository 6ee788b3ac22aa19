// SPDX-License-Identifier: MIT
#include "app.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "admin/operator_listener.h"
#include "admin/supervisor_reports.h"
#include "app_settings.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "closed_in_time.h"
#include "config/credentials_watcher.h"
#include "config/secret_file.h"
#include "http/server.h"
#include "journal_content.h"
#include "pages/page_file.h"
#include "start_report.h"
#include "upload/sweep.h"
#include "upload/sync_rounds.h"

namespace sluice {
namespace {

runtime::Task<> read_promises(journal::Journal& journal,
                              std::optional<Result<journal::Promises>>* promises) {
  promises->emplace(co_await journal.promises());
}

}  // namespace

Result<std::unique_ptr<App>> App::open(const config::Config& config, Supervision& supervision,
                                       Reloading reloading, Clock& clock, Log& log,
                                       Metrics& metrics) {
  auto data = store::DataDirectory::open(config.data.directory);
  if (!data) {
    return fail(data.error());
  }
  std::unique_ptr<App> app(
      new App(config, supervision, std::move(reloading), clock, log, metrics, std::move(*data)));
  if (const Result<> opened = app->open_parts(); !opened) {
    return fail(opened.error());
  }
  return app;
}

App::App(const config::Config& config, Supervision& supervision, Reloading reloading, Clock& clock,
         Log& log, Metrics& metrics, store::DataDirectory data)
    : config_(config),
      reloading_(std::move(reloading)),
      running_(config),
      supervision_(supervision),
      wall_clock_(clock),
      log_(log),
      metrics_(metrics),
      connection_limits_(connection_limits(config), metrics_),
      data_(std::move(data)),
      pinning_disk_(disk_, data_.path()),
      storage_pool_(limits::storage_threads),
      console_pool_(has_console(config) ? limits::console_threads : 0),
      handoff_pool_(config.stores_objects() ? limits::storage_threads : 0),
      slow_work_(limits::delivery_threads),
      buffers_(config.limits.buffers, metrics_.buffers_in_use),
      credentials_(config.credentials, config.auth.file) {}

Result<> App::open_parts() {
  for (std::size_t i = 0; i < worker_count(config_); ++i) {
    workers_.push_back(std::make_unique<runtime::Worker>("worker " + std::to_string(i), log_));
  }
  auto listeners = ClientListeners::open(config_, first(), supervision_.sockets, connection_limits_,
                                         log_, metrics_);
  if (!listeners) {
    return fail(listeners.error());
  }
  listeners_ = *std::move(listeners);
  for (const auto open : {&App::open_journal, &App::open_store, &App::open_storage,
                          &App::open_hooks, &App::open_credentials, &App::open_engine,
                          &App::open_pages, &App::open_console, &App::open_router}) {
    if (const Result<> opened = (this->*open)(); !opened) {
      return opened;
    }
  }
  return list_parts();
}

Result<> App::open_journal() {
  local_store_ = std::make_unique<store::local::LocalStore>(
      pinning_disk_, storage_pool_, buffers_, data_.path(), config_.data.durability, metrics_);
  Result<OpenJournal> opened = sluice::open_journal(
      config_, data_,
      [this](std::uint64_t upload_id) { return local_store_->blob_size(upload_id); }, metrics_,
      log_);
  if (!opened) {
    return fail(opened.error());
  }
  state_ = *std::move(opened);
  journal_ = state_.journal.get();
  clock_ = std::make_unique<JournalClock>(wall_clock_, state_);
  steady_clock_ =
      std::make_unique<SteadyClock>(*clock_, boot_clock_, log_, clock_agreement(config_));
  return {};
}

Result<> App::open_store() {
  http_client_ = std::make_unique<outgoing::HttpClient>(storage_pool_);
  const Result<JournalContent> content = look_into(state_, first(), log_);
  if (!content) {
    return fail(content.error());
  }
  if (!config_.stores_objects()) {
    store_ = local_store_.get();
    const Result<bool> in_objects = data_.has_objects();
    if (!in_objects) {
      return fail(in_objects.error());
    }
    return content->has_extents || (*in_objects && content->has_uploads)
               ? fail(Errc::internal,
                      "the bytes of uploads lie in an object store, and store.url is empty: name "
                      "the place that they went to, or begin with an empty data directory")
               : Result<>();
  }
  auto objects = ObjectStorage::open(
      config_,
      {.sender = *http_client_,
       .clock = wall_clock_,
       .find = [this](std::uint64_t upload_id, std::uint64_t from,
                      std::size_t count) { return journal_->extents(upload_id, from, count); },
       .replace =
           [this](std::uint64_t upload_id, std::vector<model::Extent> old,
                  std::vector<model::Extent> made) {
             return journal_->commit(
                 {journal::ReplaceExtents{upload_id, std::move(old), std::move(made)}});
           },
       .disk = disk_,
       .scratch_directory = data_.path(),
       .pool = storage_pool_,
       .buffers = buffers_,
       .executor = first(),
       .log = log_,
       .metrics = metrics_});
  if (!objects) {
    return fail(objects.error());
  }
  object_storage_ = *std::move(objects);
  store_ = &object_storage_->store();
  const std::string identity = to_hex(sha256("the owner of objects " + state_.secret));
  const Result<> taken = object_storage_->take(identity, !content->has_uploads);
  return taken ? data_.mark_objects() : taken;
}

Result<> App::open_storage() {
  // What a backup has left that was under way when an earlier process died.
  if (Result<> removed = pinning_disk_.end(); !removed) {
    return removed;
  }
  files_ = std::make_unique<store::local::LocalFiles>(pinning_disk_, storage_pool_, data_.path(),
                                                      config_.data.durability);
  store::NamedFiles& kept = object_storage_ ? object_storage_->files() : *files_;
  answers_ = std::make_unique<store::AnswerFiles>(kept);
  Result<std::unique_ptr<video::Prober>> prober = video::open_prober(config_.probe());
  if (!prober) {
    return fail(prober.error());
  }
  prober_ = *std::move(prober);
  library_ = std::make_unique<library::Library>(*journal_, *store_, kept, log_);
  video_library_ =
      std::make_unique<video::VideoLibrary>(*library_, slow_work_, *prober_, *clock_, log_);
  file_library_ = std::make_unique<files::FileLibrary>(*library_, slow_work_, *clock_, log_,
                                                       config_.server.public_url);
  return {};
}

Result<> App::open_hooks() {
  Result<hooks::HookSettings> settings = hook_settings(config_, state_.node, metrics_);
  if (!settings) {
    return fail(settings.error());
  }
  questions_ =
      std::make_unique<outgoing::BoundedSender>(*http_client_, limits::authorize_questions_max);
  authorizer_ = std::make_unique<hooks::Authorizer>(*questions_, *clock_, log_, *settings);
  notifier_ = std::make_unique<hooks::Notifier>(*journal_, *http_client_, first(), *steady_clock_,
                                                *clock_, log_, *std::move(settings));
  return {};
}

Result<delivery::Backend*> App::open_backend() {
  if (config_.backend.url.empty()) {
    if (config_.backend.kind == config::BackendKind::files) {
      return file_library_.get();
    }
    return video_library_.get();
  }
  Result<delivery::HttpBackendSettings> settings = backend_settings(config_);
  if (!settings) {
    return fail(settings.error());
  }
  if (object_storage_) {
    references_ = object_storage_->references();
    handoff_client_ = std::make_unique<outgoing::HttpClient>(handoff_pool_);
  } else {
    references_ =
        std::make_unique<store::local::LocalReferences>(*local_store_, config_.backend.directory);
  }
  outgoing::HttpClient& client = handoff_client_ ? *handoff_client_ : *http_client_;
  runtime::BlockingPool& pool = object_storage_ ? handoff_pool_ : storage_pool_;
  http_backend_ = std::make_unique<delivery::HttpBackend>(
      client, *store_, *references_, *answers_, pool, slow_work_, *clock_, *std::move(settings));
  return http_backend_.get();
}

Result<> App::open_engine() {
  const Result<delivery::Backend*> backend = open_backend();
  if (!backend) {
    return fail(backend.error());
  }
  delivery::OutboxSettings settings = outbox_settings(config_, state_.node);
  checks::CheckSettings checks = check_settings(config_);
  if (checks.are_any() || config_.requires_credentials()) {
    if (const Result<> usable = checks::check_usable(checks); !usable) {
      return usable;
    }
    checks_ = std::make_unique<checks::FileChecks>(
        *store_, std::move(checks),
        [this](const std::string& owner) { return keyring_->types_of(owner); });
    settings.checks = checks_.get();
  }
  outbox_ = std::make_unique<delivery::Outbox>(*journal_, **backend, first(), *steady_clock_,
                                               metrics_, log_, settings);
  upload::EngineParts parts{*journal_, *store_,        *answers_, *notifier_,
                            buffers_,  *steady_clock_, metrics_,  log_};
  std::optional<Result<journal::Promises>> promises;
  runtime::run_and_wait(first(), log_, "promises", read_promises(*journal_, &promises));
  if (!*promises) {
    return fail(promises->error());
  }
  engine_ = std::make_unique<upload::UploadEngine>(
      parts, *outbox_, engine_settings(config_, state_.node), **promises);
  return {};
}

Result<> App::open_pages() {
  pages_ = std::make_unique<admin::ServerPages>(metrics_, *journal_, *store_, *files_,
                                                storage_pool_, config_.data.low_water);
  admin_pages_ = std::make_unique<admin::AdminPages>(*pages_);
  location_base_ = std::make_shared<protocol::LocationBase>(config_.server.public_url, &log_);
  moves_ = std::make_unique<admin::LocationMoves>(*location_base_, disk_, storage_pool_,
                                                  data_.path(), log_);
  backup_ = std::make_unique<admin::PinnedBackup>(state_.file, pinning_disk_, storage_pool_,
                                                  data_.path(), log_);
  control_pages_ = std::make_unique<admin::ControlPages>(
      engine_->operations(), *moves_, *backup_, *pages_, [this] { return reload_soon(); }, log_,
      config_.admin.token_file.empty() ? "none" : "admin.token_file");
  return moves_->restore();
}

Result<> App::open_credentials() {
  config::CredentialsResult credentials = credentials_.load();
  if (!credentials) {
    return fail(Errc::bad_request, credentials.error().front());
  }
  keyring_ =
      std::make_unique<auth::Keyring>(*std::move(credentials), config_.requires_credentials());
  authenticator_ = std::make_unique<auth::Authenticator>(
      *keyring_, *clock_, authenticator_settings(config_), &metrics_.authentication_failures);
  return {};
}

Result<> App::open_console() {
  if (!has_console(config_)) {
    return {};
  }
  console::ConsoleSettings settings;
  Result<std::string> token = config::read_secret(config_.admin.token_file);
  if (!token) {
    return fail(token.error());
  }
  settings.token = *std::move(token);
  settings.names = protocol_settings(config_);
  settings.names.base = location_base_;
  feed_ = std::make_unique<console::Feed>(
      first(), console_pool_,
      console::Feed::Parts{engine_->operations(), *pages_, *journal_, *files_, metrics_, *clock_,
                           log_});
  console_pages_ = std::make_unique<console::ConsolePages>(
      console::ConsolePages::Parts{*admin_pages_, *control_pages_, *feed_, *journal_, *keyring_,
                                   pages::built_files()},
      std::move(settings));
  return {};
}

Result<> App::open_router() {
  protocol::ProtocolSettings settings = protocol_settings(config_);
  settings.base = location_base_;
  settings.client_of = [this](const std::string& address) {
    return connection_limits_.client_of(net::parse_address(address));
  };
  std::string form_key;
  if (std::ranges::find(settings.dialects, protocol::formchunks_name) != settings.dialects.end()) {
    form_key = state_.secret;
  }
  creation_rates_ = settings.creation_rates;
  const auto file_size_max = [this] { return engine_->settings().admission.file_size_max; };
  dialects_ = std::make_unique<Dialects>(
      DialectParts{*engine_, *authorizer_, *video_library_, *file_library_, *pages_,
                   *authenticator_, std::move(form_key), upload_page(config_, file_size_max)},
      std::move(settings));
  return {};
}

// Each uses those before it. Draining goes the other way: no new work, then no new requests, then
// hand-offs and notifications that requests have led to, and then the bytes that all of these have
// acknowledged. The pages say to the end that the server is not ready.
Result<> App::list_parts() {
  std::vector<runtime::Executor> loops;
  std::ranges::transform(workers_, std::back_inserter(loops),
                         [](const auto& worker) { return worker->executor(); });
  parts_.push_back(std::make_unique<admin::SupervisorReports>(
      supervision_.supervisor, std::move(loops), *pages_, metrics_, log_));
  if (Result<> listed = list_admin(); !listed) {
    return listed;
  }
  const upload::EngineSettings& settings = engine_->settings();
  parts_.push_back(std::make_unique<upload::SyncRounds>(
      first(), [this] { return engine_->deferred_syncs().round(); },
      upload::SyncRounds::Settings{config_.data.sync_interval, settings.defers_syncs}, log_));
  const auto list_closed_in_time = [this](ClosedInTime::Work work) {
    parts_.push_back(std::make_unique<ClosedInTime>(first(), std::move(work), log_));
  };
  if (object_storage_) {
    list_closed_in_time({[] {},
                         [this](Duration timeout) { return object_storage_->drain(timeout); },
                         "objects are still being written; their bytes are sent again"});
  }
  list_closed_in_time({[this] { notifier_->open(); },
                       [this](Duration timeout) { return notifier_->close(timeout); },
                       "a hook is still being told; it is told again after the next start"});
  list_closed_in_time({[this] { outbox_->open(engine_->ledger()); },
                       [this](Duration timeout) { return outbox_->close(timeout); },
                       "a hand-off is still under way; it is repeated after the next start"});
  list_closed_in_time({[this] {
                         engine_->peers().open(first(), [this](const upload::LiveUpload& upload) {
                           engine_->concatenations().heard_of(upload);
                         });
                       },
                       [this](Duration timeout) { return engine_->peers().close(timeout); },
                       "a hint to other nodes is still under way; they look by themselves"});
  list_closed_in_time(
      {[this] { engine_->concatenations().open(first()); },
       [this](Duration timeout) { return engine_->concatenations().close(timeout); },
       "a file is still being made of partial uploads; the next start goes on"});
  list_control();
  list_clients();
  parts_.push_back(std::make_unique<upload::Sweep>(
      first(),
      upload::Sweep::Steps{[this] { return clean(); }, [this] { return engine_->reaper().reap(); }},
      config_.expiry.sweep, log_));
  if (!config_.auth.file.empty()) {
    parts_.push_back(std::make_unique<config::CredentialsWatcher>(
        first(), credentials_, *keyring_, log_,
        [this] { warn_of_missing_checker(log_, config_, *keyring_); }));
  }
  return {};
}

Result<> App::list_admin() {
  if (!config_.admin.listen.is_set()) {
    return {};
  }
  http::Handler* handler = admin_pages_.get();
  if (console_pages_) {
    handler = console_pages_.get();
  }
  auto listener = admin::OperatorListener::open(*workers_.front(), *handler,
                                                admin_listener_settings(config_), log_);
  if (!listener) {
    return fail(listener.error());
  }
  admin_address_ = (*listener)->address();
  parts_.push_back(*std::move(listener));
  if (feed_) {
    parts_.push_back(std::move(feed_));
  }
  return {};
}

runtime::Task<> App::clean() {
  co_await backup_->end_abandoned();
  co_await library_->clean_leftovers();
}

// Without it the server does all it has to do for clients.
void App::list_control() {
  auto listener = admin::OperatorListener::open(
      *workers_.front(), *control_pages_, control_listener_settings(config_, data_.path()), log_);
  if (!listener) {
    log_.warn("operators cannot reach this server", {{"reason", listener.error().message()}});
    return;
  }
  parts_.push_back(*std::move(listener));
}

void App::list_clients() {
  std::vector<runtime::Worker*> workers;
  workers.reserve(workers_.size());
  for (const auto& worker : workers_) {
    workers.push_back(worker.get());
  }
  http::SessionSettings sessions = session_settings(config_);
  sessions.answers = &answer_budget_;
  auto clients = std::make_unique<http::Server>(std::move(workers), dialects_->router(), sessions,
                                                config_.server.drain, log_, metrics_);
  listeners_->give_to(*clients);
  clients_ = clients.get();
  parts_.push_back(std::move(clients));
}

void App::start() {
  report_start(log_, config_, keyring_->size());
  warn_of_missing_checker(log_, config_, *keyring_);
  for (const auto& part : parts_) {
    part->start();
  }
}

void App::drain() {
  log_.info("draining", {{"connections", metrics_.connections_open.value()}});
  pages_->set_draining();
  runtime::run_and_wait(first(), log_, "drain delay",
                        runtime::sleep_for(config_.server.drain_delay));
  for (const auto& part : parts_ | std::views::reverse) {
    part->drain();
  }
  log_.info("drained");
}

// Coroutines that were still under way are destroyed with their worker's event loop: before it go
// the threads that could resume them and the sockets that belong to it, after it what their frames
// refer to.
App::~App() {
  for (const auto& worker : workers_) {
    worker->stop();
  }
  if (checks_) {
    checks_->stop();
  }
  if (file_library_) {
    file_library_->stop();
  }
  if (http_backend_) {
    http_backend_->stop();
  }
  if (object_storage_) {
    object_storage_->stop();
  }
  for (const auto& client : {std::ref(handoff_client_), std::ref(http_client_)}) {
    if (client.get()) {
      client.get()->stop();
    }
  }
  storage_pool_.stop();
  console_pool_.stop();
  handoff_pool_.stop();
  slow_work_.stop();
  for (const auto& part : parts_ | std::views::reverse) {
    part->close();
  }
  if (listeners_) {
    listeners_->close();
  }
  state_.journal.reset();
  workers_.clear();
}

}  // namespace sluice
