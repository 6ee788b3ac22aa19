// SPDX-License-Identifier: MIT
// Accepts connections on one address and deals them out to the workers.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/connection_limits.h"
#include "net/endpoint.h"
#include "net/listening_socket.h"
#include "net/tcp_stream.h"
#include "runtime/deadline.h"
#include "runtime/task.h"
#include "runtime/timer.h"

namespace sluice::net {

// Lives on one executor's thread. A connection that has no place within the limits is closed at
// once; the others keep theirs until their stream is destroyed.
class Listener {
 public:
  // A taker of connections: `accept` is called on `executor`'s thread, where `deadlines` lives too.
  struct Target {
    runtime::Executor executor;
    runtime::DeadlineSweeper& deadlines;
    std::function<void(std::unique_ptr<TcpStream>)> accept;
  };

  struct Settings {
    mode_t socket_mode = 0600;  // Of a Unix socket's name.
  };

  // Binds and listens; errors and the Unix socket's name are as ListeningSocket has them. Port 0:
  // the kernel chooses.
  static Result<std::unique_ptr<Listener>> open(const runtime::Executor& executor,
                                                const Endpoint& endpoint, const Settings& settings,
                                                ConnectionLimits& limits, Log& log,
                                                Metrics& metrics);

  // On a socket that listens already.
  static Result<std::unique_ptr<Listener>> on(const runtime::Executor& executor,
                                              ListeningSocket socket, ConnectionLimits& limits,
                                              Log& log, Metrics& metrics);

  // With the port that was chosen.
  const Endpoint& endpoint() const noexcept { return socket_.endpoint(); }

  // Deals connections out in turns until stop(). The references of `accept` must outlive the loop
  // of its executor: connections may still be on their way there. REQUIRES: at least one target.
  runtime::Task<> run(std::vector<Target> targets);
  // Closes the listening socket, so that the kernel refuses new connections, and removes its name.
  void stop() noexcept;

 private:
  using Protocol = boost::asio::generic::stream_protocol;
  using Acceptor = boost::asio::basic_socket_acceptor<Protocol, runtime::Executor>;

  Listener(const runtime::Executor& executor, ListeningSocket socket, ConnectionLimits& limits,
           Log& log, Metrics& metrics);

  // Accepts what is there; false when the system is short of something and a pause is due.
  bool accept_burst(const std::vector<Target>& targets);
  void hand_over(int descriptor, const std::string& peer_address, const Target& target);
  void complain(const char* event, const char* reason) noexcept;

  ListeningSocket socket_;
  Acceptor acceptor_;
  runtime::Timer pause_;
  ConnectionLimits& limits_;
  Log& log_;
  Metrics& metrics_;
  bool stopped_ = false;
  std::size_t next_target_ = 0;
  std::chrono::steady_clock::time_point quiet_until_{};
};

}  // namespace sluice::net
