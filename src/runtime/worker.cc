// SPDX-License-Identifier: MIT
#include "runtime/worker.h"

#include <pthread.h>

#include <utility>

namespace sluice::runtime {

Worker::Worker(std::string name, Log& log) : work_(context_.get_executor()) {
  start(context_.get_executor(), log, "deadlines", deadlines_.run());
  thread_ = std::thread([this, name = std::move(name)] {
    pthread_setname_np(pthread_self(), name.c_str());
    context_.run();
  });
}

Worker::~Worker() {
  stop();
}

void Worker::stop() {
  context_.stop();
  if (thread_.joinable()) {
    thread_.join();
  }
}

}  // namespace sluice::runtime
