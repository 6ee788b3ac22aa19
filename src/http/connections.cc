// SPDX-License-Identifier: MIT
#include "http/connections.h"

#include <utility>

namespace sluice::http {

Connections::Connections(runtime::Executor executor, Handler& handler,
                         const SessionSettings& settings, Log& log, Metrics& metrics)
    : handler_(handler),
      settings_(settings),
      log_(log),
      metrics_(metrics),
      tasks_(std::move(executor), log) {}

void Connections::add(std::unique_ptr<net::ByteStream> stream) {
  tasks_.spawn("connection", serve(std::move(stream)));
}

runtime::Task<> Connections::serve(std::unique_ptr<net::ByteStream> stream) {
  ServerSession session(std::move(stream), handler_, *settings_, log_, metrics_);
  sessions_.push_back(session);
  if (draining_) {
    session.drain();
  }
  if (cut_) {
    session.cut(*cut_);
  }
  co_await session.run();
}

void Connections::drain() {
  draining_ = true;
  for (ServerSession& session : sessions_) {
    session.drain();
  }
}

void Connections::cut(Errc reason) {
  draining_ = true;
  cut_ = reason;
  for (ServerSession& session : sessions_) {
    session.cut(reason);
  }
}

runtime::Task<bool> Connections::wait(Duration timeout) {
  return tasks_.wait(timeout);
}

}  // namespace sluice::http
