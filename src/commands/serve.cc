// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "admin/log_sink.h"
#include "admin/supervisor.h"
#include "app.h"
#include "base/error.h"
#include "base/limits.h"
#include "client_listeners.h"
#include "commands/commands.h"
#include "commands/private_memory.h"
#include "commands/setting_flags.h"
#include "commands/signals.h"

namespace sluice::commands {
namespace {

// Two descriptors for an upload under way; the soft limit is often 1024.
void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void print_addresses(const App& app) {
  for (const std::string& address : app.addresses()) {
    std::printf("listening on %s\n", address.c_str());
  }
  if (const std::string& pages = app.admin_address(); !pages.empty()) {
    std::printf("pages on %s\n", pages.c_str());
  }
  std::fflush(stdout);
}

// Open to the end of the process.
Result<int> open_log(const config::Config::Logging& log) {
  if (log.format != config::LogFormat::journald) {
    return STDERR_FILENO;
  }
  return admin::open_journal(log.journal);
}

Result<App::Supervision> supervision_of_this_process() {
  Result<admin::Supervisor> supervisor = admin::Supervisor::from_environment();
  if (!supervisor) {
    return fail(supervisor.error());
  }
  Result<net::PassedSockets> sockets =
      net::PassedSockets::from_environment(ClientListeners::passed_names);
  if (!sockets) {
    return fail(sockets.error());
  }
  return App::Supervision{*std::move(supervisor), *std::move(sockets)};
}

// The line of the log about what came of it.
void reload_settings(App& app, const Signals::Sent& by, Log& log) {
  const Result<admin::ReloadReport> report = app.reload();
  const std::string outcome = report ? "done" : report.error().message();
  log.info("audit", {{"act", "reload"},
                     {"from", "signal"},
                     {"user_id", by.user_id},
                     {"process_id", by.process_id},
                     {"result", outcome}});
}

void run(App& app, const Signals& signals, const admin::Supervisor& supervisor, Log& log) {
  app.start();
  print_addresses(app);
  supervisor.tell("READY=1");
  for (Signals::Sent sent = signals.wait(); sent.wish == Signals::Wish::reload;
       sent = signals.wait()) {
    supervisor.tell("RELOADING=1");
    reload_settings(app, sent, log);
    supervisor.tell("READY=1");
  }
  supervisor.tell("STOPPING=1");
  app.drain();
}

int serve(const SettingFlags& flags) {
  keep_memory_private();
  Result<App::Supervision> supervision = supervision_of_this_process();
  if (!supervision) {
    std::fprintf(stderr, "sluice: %s\n", supervision.error().message().c_str());
    return EXIT_FAILURE;
  }
  const std::optional<config::Config> config = flags.load();
  if (!config) {
    return exit_usage;
  }
  raise_open_files_limit();
  const Signals signals;
  SystemClock clock;
  Metrics metrics;
  const Result<int> log_descriptor = open_log(config->log);
  if (!log_descriptor) {
    std::fprintf(stderr, "sluice: %s\n", log_descriptor.error().message().c_str());
    return EXIT_FAILURE;
  }
  admin::LogSink log(clock, config->log.level, config->log.format, *log_descriptor,
                     metrics.log_lines_dropped, limits::log_flush_time_max, config->log.journal);
  App::Reloading reloading{[&flags] { return flags.read_usable(); },
                           [&log](LogLevel least) { log.set_least(least); }};
  auto app = App::open(*config, *supervision, std::move(reloading), clock, log, metrics);
  if (!app) {
    std::fprintf(stderr, "sluice: %s\n", app.error().message().c_str());
    return EXIT_FAILURE;
  }
  run(**app, signals, supervision->supervisor, log);
  return EXIT_SUCCESS;
}

}  // namespace

void add_serve(CLI::App& program, int& exit_code) {
  CLI::App* command = program.add_subcommand("serve", "Run the upload server");
  const auto flags = std::make_shared<SettingFlags>(*command);
  command->callback([flags, &exit_code] { exit_code = serve(*flags); });
}

}  // namespace sluice::commands
