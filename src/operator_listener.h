// SPDX-License-Identifier: MIT
// A listener for operators: on one worker, with connections that are not counted among the
// clients'.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/connections.h"
#include "http/handler.h"
#include "http/server_session.h"
#include "net/connection_limits.h"
#include "net/endpoint.h"
#include "net/listener.h"
#include "runtime/task.h"
#include "runtime/worker.h"

namespace sluice {

// Outlives the worker's loop, with all that the coroutines on it refer to. The coroutines are the
// worker's own.
class OperatorListener {
 public:
  static Result<std::unique_ptr<OperatorListener>> open(runtime::Worker& worker,
                                                        const net::Endpoint& endpoint,
                                                        const net::Listener::Settings& settings,
                                                        http::Handler& handler,
                                                        const http::SessionSettings& session,
                                                        std::size_t connections_max, Log& log);

  // A URL, or unix:/PATH.
  std::string address() const;
  runtime::Task<> run();
  void stop() noexcept { listener_->stop(); }
  http::Connections& connections() noexcept { return connections_; }
  // The socket is the loop's; for the end of the loop.
  void close() noexcept { listener_.reset(); }

 private:
  OperatorListener(runtime::Worker& worker, http::Handler& handler,
                   const http::SessionSettings& session, std::size_t connections_max, Log& log);

  runtime::Worker& worker_;
  Metrics metrics_;
  net::ConnectionLimits limits_;
  http::Connections connections_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace sluice
