// SPDX-License-Identifier: MIT
#include "admin/operator_listener.h"

#include <sys/un.h>

#include <utility>

namespace sluice::admin {

Result<std::unique_ptr<OperatorListener>> OperatorListener::open(runtime::Worker& worker,
                                                                 http::Handler& handler,
                                                                 const Settings& settings,
                                                                 Log& log) {
  const std::string& path = settings.endpoint.path;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::bad_request, "the path is too long for a socket: " + path);
  }
  std::unique_ptr<OperatorListener> opened(new OperatorListener(worker, handler, settings, log));
  auto listener = net::Listener::open(worker.executor(), settings.endpoint, settings.socket,
                                      opened->limits_, log, opened->metrics_);
  if (!listener) {
    return fail(listener.error());
  }
  opened->address_ = net::to_url("http", (*listener)->endpoint());
  opened->server_.add(*std::move(listener));
  return opened;
}

OperatorListener::OperatorListener(runtime::Worker& worker, http::Handler& handler,
                                   const Settings& settings, Log& log)
    : limits_({.total_max = settings.connections_max, .per_address_max = 0, .proxies = {}},
              metrics_),
      server_({&worker}, handler, settings.session, settings.drain_time, log, metrics_) {}

}  // namespace sluice::admin
