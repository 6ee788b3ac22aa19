// SPDX-License-Identifier: MIT
// The server as one object: builds every part once, in the order in which they use each other, runs
// until it is told to stop, and drains.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/admin_pages.h"
#include "admin/control_pages.h"
#include "admin/location_moves.h"
#include "admin/pinned_backup.h"
#include "admin/service_pages.h"
#include "admin/supervisor.h"
#include "auth/authenticator.h"
#include "auth/keyring.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/steady_clock.h"
#include "checks/file_checks.h"
#include "client_listeners.h"
#include "config/config.h"
#include "config/credentials_file.h"
#include "console/console_pages.h"
#include "console/feed.h"
#include "delivery/http_backend.h"
#include "delivery/outbox.h"
#include "delivery/slow_work.h"
#include "dialects.h"
#include "files/file_library.h"
#include "hooks/authorizer.h"
#include "hooks/notifier.h"
#include "http/answer_budget.h"
#include "http/server.h"
#include "journal/journal.h"
#include "library/library.h"
#include "net/connection_limits.h"
#include "net/passed_sockets.h"
#include "object_storage.h"
#include "open_journal.h"
#include "outgoing/bounded_sender.h"
#include "outgoing/http_client.h"
#include "protocol/creation_rates.h"
#include "protocol/location_base.h"
#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "runtime/part.h"
#include "runtime/posix_disk.h"
#include "runtime/worker.h"
#include "store/answer_files.h"
#include "store/data_directory.h"
#include "store/local/local_files.h"
#include "store/local/local_references.h"
#include "store/local/local_store.h"
#include "store/pinning_disk.h"
#include "upload/upload_engine.h"
#include "video/probe.h"
#include "video/video_library.h"

namespace sluice {

class App {
 public:
  // What the process got from its supervisor, where one started it.
  struct Supervision {
    admin::Supervisor supervisor = {};
    net::PassedSockets sockets = {};
  };

  // Where the settings come from when they are to be read again; both may be called on any thread.
  struct Reloading {
    // Blocks. The settings, or what is wrong with them or with the files that they name.
    std::function<std::expected<config::Config, config::ConfigProblems>()> read;
    std::function<void(LogLevel)> set_log_level;
  };

  // Takes the data directory, opens the journal and listens. Errors are for the operator. The
  // supervisor is told of the running server here; of its start and end, the caller tells it.
  static Result<std::unique_ptr<App>> open(const config::Config& config, Supervision& supervision,
                                           Reloading reloading, Clock& clock, Log& log,
                                           Metrics& metrics);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Where clients find the server, with the ports that the kernel chose: URLs, and unix:/PATH.
  const std::vector<std::string>& addresses() const noexcept { return listeners_->addresses(); }
  // Where operators find the pages; empty: where clients find the server.
  const std::string& admin_address() const noexcept { return admin_address_; }

  // Reads the settings and the files that they name again, and takes over what may change while the
  // server runs. An error: nothing has changed; its words, which the log has as well, are for the
  // operator. Blocks. Any thread.
  Result<admin::ReloadReport> reload();

  // Takes connections, on threads of its own.
  void start();
  // No new connections; requests under way may end within the configured time, then they are cut at
  // a clean offset. Blocks until all is at rest.
  void drain();

 private:
  App(const config::Config& config, Supervision& supervision, Reloading reloading, Clock& clock,
      Log& log, Metrics& metrics, store::DataDirectory data);

  // What other settings lead to, read and checked before any of it is in use.
  struct Prepared;
  Result<Prepared> prepare(const config::Config& config) const;
  Result<admin::ReloadReport> try_reload() REQUIRES(reload_mutex_);
  runtime::Task<Result<admin::ReloadReport>> reload_soon();
  void apply(const config::Config& config, Prepared prepared);

  Result<> open_parts();
  Result<> open_journal();
  // Behind the journal, which knows whether the store is its own.
  Result<> open_store();
  Result<> open_storage();
  // The authorize hook and the notifier.
  Result<> open_hooks();
  Result<> open_credentials();
  // Behind the credentials, which have types of files for their owners.
  Result<> open_engine();
  // The backend that the settings name.
  Result<delivery::Backend*> open_backend();
  Result<> open_pages();
  Result<> open_console();
  Result<> open_router();
  Result<> list_parts();
  Result<> list_admin();
  // The first step of a sweep.
  runtime::Task<> clean();
  void list_control();
  void list_clients();
  runtime::Executor first() const { return workers_.front()->executor(); }

  const config::Config config_;  // As it was at the start.
  const Reloading reloading_;
  Mutex reload_mutex_;
  config::Config running_ GUARDED_BY(reload_mutex_);   // As it is now.
  std::size_t reloads_ GUARDED_BY(reload_mutex_) = 0;  // That were taken over.
  Supervision& supervision_;
  Clock& wall_clock_;
  Log& log_;
  Metrics& metrics_;
  const BootClock boot_clock_;
  net::ConnectionLimits connection_limits_;
  http::AnswerBudget answer_budget_{limits::unsent_bytes_max, metrics_};
  store::DataDirectory data_;
  runtime::PosixDisk disk_;
  store::PinningDisk pinning_disk_;  // Of all that removes and renames uploads' files.
  runtime::BlockingPool storage_pool_;
  runtime::BlockingPool console_pool_;
  // Of hand-offs that read objects: a store that is slow holds up no byte that comes in.
  runtime::BlockingPool handoff_pool_;
  delivery::SlowWork slow_work_;
  runtime::BufferPool buffers_;
  std::vector<std::unique_ptr<runtime::Worker>> workers_;
  std::unique_ptr<outgoing::HttpClient> http_client_;
  OpenJournal state_;
  journal::Journal* journal_ = nullptr;  // That of the former.
  std::unique_ptr<JournalClock> clock_;
  std::unique_ptr<SteadyClock> steady_clock_;  // By which uploads expire and errands are due.
  // Of all blobs where the settings name no other, else of none.
  std::unique_ptr<store::local::LocalStore> local_store_;
  std::unique_ptr<ObjectStorage> object_storage_;  // Null: the settings name none.
  store::Store* store_ = nullptr;                  // One of these two.
  std::unique_ptr<store::local::LocalFiles> files_;
  std::unique_ptr<store::AnswerFiles> answers_;
  std::unique_ptr<video::Prober> prober_;
  std::unique_ptr<library::Library> library_;
  std::unique_ptr<video::VideoLibrary> video_library_;
  std::unique_ptr<files::FileLibrary> file_library_;
  std::unique_ptr<outgoing::BoundedSender> questions_;    // Of the authorize hook.
  std::unique_ptr<store::References> references_;         // For the next.
  std::unique_ptr<outgoing::HttpClient> handoff_client_;  // Null: the files are of this machine.
  std::unique_ptr<delivery::HttpBackend> http_backend_;   // Null: an embedded one is the backend.
  // Null: neither the settings nor credentials can ask for any.
  std::unique_ptr<checks::FileChecks> checks_;
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<hooks::Authorizer> authorizer_;
  std::unique_ptr<hooks::Notifier> notifier_;
  std::unique_ptr<upload::UploadEngine> engine_;
  std::unique_ptr<admin::ServerPages> pages_;
  std::unique_ptr<admin::AdminPages> admin_pages_;
  std::shared_ptr<protocol::LocationBase> location_base_;
  std::unique_ptr<admin::LocationMoves> moves_;
  std::unique_ptr<admin::PinnedBackup> backup_;
  std::unique_ptr<admin::ControlPages> control_pages_;
  config::CredentialsSource credentials_;
  std::unique_ptr<auth::Keyring> keyring_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<console::Feed> feed_;  // Until it is a part; null, as the next: no console.
  std::unique_ptr<console::ConsolePages> console_pages_;
  std::unique_ptr<Dialects> dialects_;
  std::shared_ptr<protocol::CreationRates> creation_rates_;
  std::unique_ptr<ClientListeners> listeners_;
  http::Server* clients_ = nullptr;  // One of the parts.
  std::string admin_address_;
  std::vector<std::unique_ptr<runtime::Part>> parts_;
};

}  // namespace sluice
