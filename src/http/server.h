// SPDX-License-Identifier: MIT
// The connections that some listeners bring, on one worker or on several.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/connections.h"
#include "http/handler.h"
#include "http/server_session.h"
#include "net/byte_stream.h"
#include "net/listener.h"
#include "net/tcp_stream.h"
#include "runtime/part.h"
#include "runtime/task.h"
#include "runtime/worker.h"

namespace sluice::http {

// Outlives the loops of its workers, and so do its references.
class Server final : public runtime::Part {
 public:
  // Makes the stream of a connection from its socket's: TLS.
  using Wrap = std::function<std::unique_ptr<net::ByteStream>(std::unique_ptr<net::TcpStream>)>;

  // Draining lasts `drain_time`. REQUIRES: at least one worker.
  Server(std::vector<runtime::Worker*> workers, Handler& handler, const SessionSettings& settings,
         Duration drain_time, Log& log, Metrics& metrics);

  // Before start(). The listener lives on the first worker's executor. Without `wrap` streams are
  // used as they are.
  void add(std::unique_ptr<net::Listener> listener, Wrap wrap = {});

  // For connections that begin from now on. Any thread.
  void change(const SessionSettings& settings);

  void start() override;
  // The kernel refuses new connections from now on. Requests under way may end within the drain
  // time, then they are cut at a clean offset.
  void drain() override;
  void close() override;

 private:
  struct Door {
    std::unique_ptr<net::Listener> listener;
    Wrap wrap;
  };

  runtime::Task<> listen(Door& door);
  runtime::Task<> stop_listening();
  runtime::Task<> drain_connections(Connections& connections);

  const std::vector<runtime::Worker*> workers_;
  const Duration drain_time_;
  Log& log_;
  std::vector<std::unique_ptr<Connections>> connections_;  // One for each worker.
  std::vector<Door> doors_;
};

}  // namespace sluice::http
