// SPDX-License-Identifier: MIT
#include "admin/supervisor_reports.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/limits.h"
#include "base/printable.h"

namespace sluice::admin {

SupervisorReports::SupervisorReports(const Supervisor& supervisor,
                                     std::vector<runtime::Executor> loops, ServerPages& pages,
                                     const Metrics& metrics, Log& log)
    : supervisor_(supervisor),
      loops_(std::move(loops)),
      pages_(pages),
      metrics_(metrics),
      log_(log) {}

void SupervisorReports::start() {
  if (supervisor_.is_there()) {
    runtime::start(loops_.front(), log_, "status line", tell_status());
  } else {
    status_ended_.set();
  }
  if (const std::optional<Duration> watchdog = supervisor_.watchdog()) {
    runtime::start(loops_.front(), log_, "watchdog", beat(*watchdog / 2));
  } else {
    beats_ended_.set();
  }
}

void SupervisorReports::drain() {
  stopping_.set();
  runtime::run_and_wait(loops_.front(), log_, "supervisor", wait_for_both());
}

runtime::Task<> SupervisorReports::wait_for_both() {
  for (runtime::Event* const ended : {&beats_ended_, &status_ended_}) {
    co_await ended->wait(limits::supervisor_end_max);
  }
}

runtime::Task<> SupervisorReports::beat(Duration pause) {
  do {
    for (const runtime::Executor& loop : loops_) {
      // There and back again.
      co_await boost::asio::post(loop, boost::asio::deferred);
    }
    supervisor_.tell("WATCHDOG=1");
  } while (!co_await stopping_.wait(pause));
  beats_ended_.set();
}

runtime::Task<> SupervisorReports::tell_status() {
  using SteadyClock = std::chrono::steady_clock;
  std::string told;
  std::uint64_t bytes_before = metrics_.bytes_received.value();
  auto at_before = SteadyClock::now();
  do {
    const std::vector<std::string> reasons = co_await pages_.reasons_not_ready();
    const std::uint64_t uploads = co_await pages_.uploads_receiving();
    const std::uint64_t bytes = metrics_.bytes_received.value();
    const auto at = SteadyClock::now();
    const double seconds = std::chrono::duration<double>(at - at_before).count();
    const double rate =
        seconds > 0 ? static_cast<double>(bytes - bytes_before) / seconds : double{0};
    std::string line = status_line(reasons, uploads, static_cast<std::uint64_t>(rate));
    if (line != told) {
      supervisor_.tell("STATUS=" + line);
      told = std::move(line);
    }
    bytes_before = bytes;
    at_before = at;
  } while (!co_await stopping_.wait(limits::supervisor_status_pause));
  status_ended_.set();
}

std::string status_line(const std::vector<std::string>& reasons_not_ready, std::uint64_t uploads,
                        std::uint64_t bytes_per_second) {
  if (!reasons_not_ready.empty()) {
    return printable(fmt::format("not ready: {}", fmt::join(reasons_not_ready, "; ")));
  }
  constexpr double mebibyte = 1024.0 * 1024.0;
  return fmt::format("ready; uploads under way: {}; {:.1f} MiB/s", uploads,
                     static_cast<double>(bytes_per_second) / mebibyte);
}

}  // namespace sluice::admin
