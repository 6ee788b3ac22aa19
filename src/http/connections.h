// SPDX-License-Identifier: MIT
// The connections of one worker.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/changeable.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/handler.h"
#include "http/server_session.h"
#include "net/byte_stream.h"
#include "runtime/task.h"

namespace sluice::http {

// Runs a session for every connection and parents them. Lives and is used on its worker's thread;
// destroy it when wait() said true, or when the worker's loop has stopped.
class Connections {
 public:
  Connections(runtime::Executor executor, Handler& handler, const SessionSettings& settings,
              Log& log, Metrics& metrics);

  void add(std::unique_ptr<net::ByteStream> stream);

  // For connections that are added from now on. Any thread.
  void change(const SessionSettings& settings) { settings_.replace(settings); }

  // For all that run and all that are still added: see ServerSession.
  void drain();
  void cut(Errc reason);
  // True when every connection has ended, false when `timeout` passed first.
  runtime::Task<bool> wait(Duration timeout);

  std::size_t size() const noexcept { return tasks_.size(); }

 private:
  runtime::Task<> serve(std::unique_ptr<net::ByteStream> stream);

  Handler& handler_;
  Changeable<SessionSettings> settings_;
  Log& log_;
  Metrics& metrics_;
  boost::intrusive::list<ServerSession, boost::intrusive::constant_time_size<false>> sessions_;
  runtime::TaskGroup tasks_;
  bool draining_ = false;
  std::optional<Errc> cut_;
};

}  // namespace sluice::http
