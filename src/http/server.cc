// SPDX-License-Identifier: MIT
#include "http/server.h"

#include <cstdint>
#include <thread>
#include <utility>

#include "base/limits.h"

namespace sluice::http {

Server::Server(std::vector<runtime::Worker*> workers, Handler& handler,
               const SessionSettings& settings, Duration drain_time, Log& log, Metrics& metrics)
    : workers_(std::move(workers)), drain_time_(drain_time), log_(log) {
  for (runtime::Worker* worker : workers_) {
    connections_.push_back(
        std::make_unique<Connections>(worker->executor(), handler, settings, log, metrics));
  }
}

void Server::add(std::unique_ptr<net::Listener> listener, Wrap wrap) {
  doors_.push_back({std::move(listener), std::move(wrap)});
}

void Server::change(const SessionSettings& settings) {
  for (const auto& connections : connections_) {
    connections->change(settings);
  }
}

void Server::start() {
  for (Door& door : doors_) {
    runtime::start(workers_.front()->executor(), log_, "listen", listen(door));
  }
}

runtime::Task<> Server::listen(Door& door) {
  std::vector<net::Listener::Target> targets;
  targets.reserve(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    targets.push_back({workers_[i]->executor(), workers_[i]->deadlines(),
                       [&door, &connections = *connections_[i]](auto stream) {
                         if (door.wrap) {
                           connections.add(door.wrap(std::move(stream)));
                         } else {
                           connections.add(std::move(stream));
                         }
                       }});
  }
  co_await door.listener->run(std::move(targets));
}

void Server::drain() {
  runtime::run_and_wait(workers_.front()->executor(), log_, "stop listening", stop_listening());
  std::vector<std::jthread> waiting;
  waiting.reserve(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    waiting.emplace_back([this, i] {
      runtime::run_and_wait(workers_[i]->executor(), log_, "drain",
                            drain_connections(*connections_[i]));
    });
  }
}

runtime::Task<> Server::stop_listening() {
  for (const Door& door : doors_) {
    door.listener->stop();
  }
  co_return;
}

runtime::Task<> Server::drain_connections(Connections& connections) {
  connections.drain();
  if (co_await connections.wait(drain_time_)) {
    co_return;
  }
  log_.info("cutting requests that are still under way",
            {{"connections", std::uint64_t{connections.size()}}});
  connections.cut(Errc::draining);
  if (!co_await connections.wait(limits::cut_wait_max)) {
    log_.warn("connections did not end in time",
              {{"connections", std::uint64_t{connections.size()}}});
  }
}

void Server::close() {
  for (Door& door : doors_) {
    door.listener.reset();
  }
}

}  // namespace sluice::http
