// SPDX-License-Identifier: MIT
// What the supervisor is told while the server runs: that its event loops go round, and how it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/service_pages.h"
#include "admin/supervisor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "runtime/event.h"
#include "runtime/part.h"
#include "runtime/task.h"

namespace sluice::admin {

// Tasks of the first of `loops`; the references outlive it. Without a supervisor it does nothing.
class SupervisorReports final : public runtime::Part {
 public:
  SupervisorReports(const Supervisor& supervisor, std::vector<runtime::Executor> loops,
                    ServerPages& pages, const Metrics& metrics, Log& log);

  void start() override;
  void drain() override;

 private:
  // WATCHDOG=1 twice in the supervisor's time, while every loop comes to its tasks. Touches no
  // disk: one that does not answer is no reason for a restart.
  runtime::Task<> beat(Duration pause);
  // STATUS=, where it has changed.
  runtime::Task<> tell_status();
  runtime::Task<> wait_for_both();

  const Supervisor& supervisor_;
  const std::vector<runtime::Executor> loops_;
  ServerPages& pages_;
  const Metrics& metrics_;
  Log& log_;
  runtime::Event stopping_;
  runtime::Event beats_ended_;
  runtime::Event status_ended_;
};

// `uploads`: that are being received.
std::string status_line(const std::vector<std::string>& reasons_not_ready, std::uint64_t uploads,
                        std::uint64_t bytes_per_second);

}  // namespace sluice::admin
