// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "admin/log_sink.h"
#include "admin/supervisor.h"
#include "app.h"
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

void run(App& app, const Signals& signals, const admin::Supervisor& supervisor, Log& log) {
  app.start();
  print_addresses(app);
  supervisor.tell("READY=1");
  for (Signals::Sent sent = signals.wait(); sent.wish == Signals::Wish::reload;
       sent = signals.wait()) {
    log.info("audit", {{"act", "reload"},
                       {"from", "signal"},
                       {"user_id", sent.user_id},
                       {"process_id", sent.process_id},
                       {"result", "begun"}});
    supervisor.tell("RELOADING=1");
    app.reload();
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
  admin::LogSink log(clock, config->log.level, config->log.format, STDERR_FILENO,
                     metrics.log_lines_dropped);
  auto app = App::open(*config, *supervision, clock, log, metrics);
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
