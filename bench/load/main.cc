// SPDX-License-Identifier: MIT
// sluice-bench-load: the clients of the benchmark. Prints its figures as one line of JSON.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "load/dialect.h"
#include "load/held.h"
#include "load/options.h"
#include "load/questions.h"
#include "load/takeover.h"
#include "load/uploads.h"
#include "program.h"

namespace sluice::bench {
namespace {

using Run = std::string (*)(const Options&);

void add_command(CLI::App& program, const char* name, const char* help, Options& options, Run& run,
                 Run chosen) {
  CLI::App* command = program.add_subcommand(name, help);
  command->add_option("--dialect", options.dialect, dialect_names);
  command->add_option("--port", options.port, "Of 127.0.0.1")->required();
  command->add_option("--path", options.path, "Where uploads are created");
  command->add_option("--size", options.size, "Bytes of a file");
  command->add_option("--piece", options.piece, "Bytes of a request; 0: the whole file");
  command->add_option("--uploads", options.uploads, "How many");
  command->add_option("--connections", options.connections, "Side by side");
  command->add_flag("--form", options.form, "As multipart/form-data");
  command->add_flag("--parts", options.parts, "One upload, its parts over all connections");
  command->add_flag("--tls", options.tls, "Over TLS 1.3");
  command->add_option("--seconds", options.seconds, "How long connections are held");
  command->add_option("--interval-ms", options.interval_ms, "Between two sends of a connection");
  command->add_option("--bytes", options.bytes, "Of one send");
  command->callback([&run, chosen] { run = chosen; });
}

int run(int argc, char** argv) {
  Options options;
  Run chosen = nullptr;
  CLI::App program("Load for the benchmark");
  program.require_subcommand(1);
  add_command(program, "uploads", "Whole uploads", options, chosen, run_uploads);
  add_command(program, "sessions", "Creates uploads", options, chosen, run_sessions);
  add_command(program, "status", "Asks during an upload", options, chosen, run_status);
  add_command(program, "held", "Holds slow connections", options, chosen, run_held);
  add_command(program, "takeover", "Takes stalled requests over", options, chosen, run_takeover);
  CLI11_PARSE(program, argc, argv);
  std::puts(chosen(options).c_str());
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::bench::run_program("sluice-bench-load", sluice::bench::run, argc, argv);
}
