// SPDX-License-Identifier: MIT
// The server as one object: builds every part once, in the order in which they use each other, runs
// until it is told to stop, and drains.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "auth/keyring.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/steady_clock.h"
#include "control/control_pages.h"
#include "delivery/http_backend.h"
#include "delivery/outbox.h"
#include "delivery/slow_work.h"
#include "dialects.h"
#include "hooks/authorizer.h"
#include "hooks/notifier.h"
#include "http/answer_budget.h"
#include "http/connections.h"
#include "journal/sqlite_journal.h"
#include "net/connection_limits.h"
#include "net/listener.h"
#include "net/tls_identity.h"
#include "operator_listener.h"
#include "ops/admin_pages.h"
#include "ops/config.h"
#include "ops/credentials_file.h"
#include "ops/location_moves.h"
#include "ops/service_pages.h"
#include "outgoing/bounded_sender.h"
#include "outgoing/http_client.h"
#include "runtime/blocking_pool.h"
#include "runtime/buffer_pool.h"
#include "runtime/event.h"
#include "runtime/posix_disk.h"
#include "runtime/task.h"
#include "runtime/worker.h"
#include "store/answer_files.h"
#include "store/data_directory.h"
#include "store/local_store.h"
#include "upload/upload_engine.h"
#include "video/probe.h"
#include "video/video_library.h"

namespace sluice {

class App {
 public:
  // Takes the data directory, opens the journal and listens. Errors are for the operator.
  static Result<std::unique_ptr<App>> open(const ops::Config& config, Clock& clock, Log& log,
                                           Metrics& metrics);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Where clients find the server, with the ports that the kernel chose: URLs, and unix:/PATH.
  std::vector<std::string> addresses() const;
  // Where operators find the pages; empty: where clients find the server.
  std::string admin_address() const;

  // Reads again what may change while the server runs. What is wrong with it is logged, and then
  // the old stays. Any thread.
  void reload();

  // Takes connections, on threads of its own.
  void start();
  // No new connections; requests under way may end within the configured time, then they are cut at
  // a clean offset. Blocks until all is at rest.
  void drain();

 private:
  App(const ops::Config& config, Clock& clock, Log& log, Metrics& metrics,
      store::DataDirectory data);

  Result<> open_parts();
  // Those who are asked and told.
  Result<> open_hooks();
  // The backend that the settings name.
  Result<delivery::Backend*> open_backend();
  Result<> open_credentials();
  runtime::Executor first() const { return workers_.front()->executor(); }
  Result<> open_listeners();
  runtime::Task<> listen(net::Listener& listener, const net::TlsIdentity* tls);
  void open_control();
  Result<> open_admin();
  runtime::Task<> sweep();
  runtime::Task<> watch_credentials();
  runtime::Task<> sync_often();
  runtime::Task<> sync_last();
  runtime::Task<> stop_listening();
  runtime::Task<> stop_pages();
  runtime::Task<> drain_connections(http::Connections& connections);
  runtime::Task<> close_outbox();

  const ops::Config config_;
  Clock& clock_;
  Log& log_;
  Metrics& metrics_;
  const BootClock boot_clock_;
  SteadyClock steady_clock_;  // By which uploads expire and errands are due.
  net::ConnectionLimits connection_limits_;
  http::AnswerBudget answer_budget_{limits::unsent_bytes_max, metrics_};
  store::DataDirectory data_;
  runtime::PosixDisk disk_;
  runtime::BlockingPool storage_pool_;
  delivery::SlowWork slow_work_;
  runtime::BlockingPool credentials_pool_;
  runtime::BufferPool buffers_;
  std::vector<std::unique_ptr<runtime::Worker>> workers_;
  std::unique_ptr<journal::SqliteJournal> journal_;
  std::unique_ptr<store::LocalStore> store_;
  std::unique_ptr<store::AnswerFiles> answers_;
  std::unique_ptr<video::Prober> prober_;
  std::unique_ptr<video::VideoLibrary> library_;
  std::unique_ptr<outgoing::HttpClient> http_client_;    // Null: nobody needs it.
  std::unique_ptr<outgoing::BoundedSender> questions_;   // Of the authorize hook; null: none.
  std::unique_ptr<delivery::HttpBackend> http_backend_;  // Null: the library is the backend.
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<protocol::SessionGate> gate_;
  std::unique_ptr<upload::Announcer> announcer_;
  hooks::Notifier* notifier_ = nullptr;  // The announcer, where it is one.
  std::unique_ptr<upload::UploadEngine> engine_;
  std::unique_ptr<ops::ServerPages> pages_;
  std::unique_ptr<ops::LocationMoves> moves_;
  ops::CredentialsSource credentials_;
  std::unique_ptr<auth::Keyring> keyring_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  std::unique_ptr<Dialects> dialects_;
  std::vector<std::unique_ptr<http::Connections>> connections_;  // One for each worker.
  std::unique_ptr<net::TlsIdentity> tls_;                        // Null: no TLS.
  std::unique_ptr<net::Listener> listener_;                      // Null: no plain one.
  std::unique_ptr<net::Listener> tls_listener_;                  // Null: none.
  std::unique_ptr<control::ControlPages> control_pages_;
  std::unique_ptr<OperatorListener> control_listener_;  // Null where it could not be opened.
  std::unique_ptr<ops::AdminPages> admin_pages_;
  std::unique_ptr<OperatorListener> admin_listener_;  // Null: none.
  runtime::Event stopping_;
  runtime::Event sync_often_ended_;
};

}  // namespace sluice
