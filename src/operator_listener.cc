// SPDX-License-Identifier: MIT
#include "operator_listener.h"

#include <utility>
#include <vector>

namespace sluice {

Result<std::unique_ptr<OperatorListener>> OperatorListener::open(
    runtime::Worker& worker, const net::Endpoint& endpoint, const net::Listener::Settings& settings,
    http::Handler& handler, const http::SessionSettings& session, std::size_t connections_max,
    Log& log) {
  std::unique_ptr<OperatorListener> opened(
      new OperatorListener(worker, handler, session, connections_max, log));
  auto listener = net::Listener::open(worker.executor(), endpoint, settings, opened->limits_, log,
                                      opened->metrics_);
  if (!listener) {
    return fail(listener.error());
  }
  opened->listener_ = std::move(*listener);
  return opened;
}

OperatorListener::OperatorListener(runtime::Worker& worker, http::Handler& handler,
                                   const http::SessionSettings& session,
                                   std::size_t connections_max, Log& log)
    : worker_(worker),
      limits_({.total_max = connections_max, .per_address_max = 0, .proxies = {}}, metrics_),
      connections_(worker.executor(), handler, session, log, metrics_) {}

std::string OperatorListener::address() const {
  const net::Endpoint& endpoint = listener_->endpoint();
  return (endpoint.is_unix() ? "" : "http://") + net::to_text(endpoint);
}

runtime::Task<> OperatorListener::run() {
  std::vector<net::Listener::Target> targets;
  targets.push_back(
      {worker_.executor(), worker_.deadlines(),
       [this](std::unique_ptr<net::ByteStream> stream) { connections_.add(std::move(stream)); }});
  co_await listener_->run(std::move(targets));
}

}  // namespace sluice
