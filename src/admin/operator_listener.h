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
#include "http/handler.h"
#include "http/server.h"
#include "http/server_session.h"
#include "net/connection_limits.h"
#include "net/endpoint.h"
#include "net/listener.h"
#include "runtime/part.h"
#include "runtime/worker.h"

namespace sluice::admin {

// Outlives the worker's loop, and so do its references.
class OperatorListener final : public runtime::Part {
 public:
  struct Settings {
    net::Endpoint endpoint;
    net::Listener::Settings socket = {};
    http::SessionSettings session = {};
    std::size_t connections_max = 0;
    Duration drain_time{};  // As http::Server has it.
  };

  static Result<std::unique_ptr<OperatorListener>> open(runtime::Worker& worker,
                                                        http::Handler& handler,
                                                        const Settings& settings, Log& log);

  // A URL, or unix:/PATH.
  const std::string& address() const noexcept { return address_; }

  void start() override { server_.start(); }
  void drain() override { server_.drain(); }
  void close() override { server_.close(); }

 private:
  OperatorListener(runtime::Worker& worker, http::Handler& handler, const Settings& settings,
                   Log& log);

  Metrics metrics_;
  net::ConnectionLimits limits_;
  http::Server server_;
  std::string address_;
};

}  // namespace sluice::admin
