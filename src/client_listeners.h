// SPDX-License-Identifier: MIT
// Where clients find the server: a plain listener, one with TLS, or both.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "http/server.h"
#include "net/connection_limits.h"
#include "net/listener.h"
#include "net/passed_sockets.h"
#include "net/tls_identity.h"
#include "runtime/task.h"

namespace sluice {

// Outlives the connections, which use its certificate.
class ClientListeners {
 public:
  // The names of the sockets that a supervisor may pass: for server.listen and for tls.listen.
  static constexpr std::array<std::string_view, 2> passed_names{"http", "https"};

  // Listens, on the sockets of `passed` in the place of the configured addresses. Errors are for
  // the operator. The references outlive this, the executor's loop does until close().
  static Result<std::unique_ptr<ClientListeners>> open(const config::Config& config,
                                                       const runtime::Executor& executor,
                                                       net::PassedSockets& passed,
                                                       net::ConnectionLimits& limits, Log& log,
                                                       Metrics& metrics);

  // With the ports that the kernel chose: URLs, and unix:/PATH.
  const std::vector<std::string>& addresses() const noexcept { return addresses_; }

  // The server has the listeners from then on.
  void give_to(http::Server& server);
  // Reads the certificate of other settings, where there is one: null without. Blocks.
  Result<std::unique_ptr<net::TlsIdentity>> read_identity(const config::Config::Tls& tls) const;
  // What was read so is shown on connections from now on. Any thread.
  void show(net::TlsIdentity& identity) { identity_->become(identity); }
  // Closes the listeners that the server was not given.
  void close() noexcept;

 private:
  explicit ClientListeners(const config::Config& config) : config_(config) {}

  const config::Config& config_;
  std::vector<std::string> addresses_;
  std::unique_ptr<net::TlsIdentity> identity_;  // Null: no TLS.
  std::unique_ptr<net::Listener> plain_;        // Null: none.
  std::unique_ptr<net::Listener> tls_;          // Null: none.
};

}  // namespace sluice
