// SPDX-License-Identifier: MIT
// sluice-bench-floor: the smallest receiver that answers the load generator's requests in the Panda
// dialect. It checks nothing and has a thread for each connection: it costs little more than the
// kernel does.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "floor/files.h"
#include "floor/requests.h"
#include "program.h"

namespace sluice::bench {
namespace {

int listen_anywhere() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (descriptor < 0 || ::bind(descriptor, plain, size) != 0 || ::listen(descriptor, 1024) != 0 ||
      ::getsockname(descriptor, plain, &size) != 0) {
    throw_error("listen");
  }
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return descriptor;
}

void serve(int descriptor, Files& files, bool splices) {
  try {
    serve_connection(descriptor, files, splices);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sluice-bench-floor: %s\n", error.what());
  }
}

int run(int argc, char** argv) {
  std::string directory;
  bool sync = false;
  bool splices = false;
  CLI::App program("The floor of the benchmark");
  program.add_option("--data", directory, "An empty directory")->required();
  program.add_flag("--sync", sync, "What is acknowledged is durable");
  program.add_flag("--splice", splices, "Bodies are not copied");
  CLI11_PARSE(program, argc, argv);
  Files files(directory, sync);
  const int listener = listen_anywhere();
  for (;;) {
    const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) {
      throw_error("accept");
    }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serve, descriptor, std::ref(files), splices).detach();
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::bench::run_program("sluice-bench-floor", sluice::bench::run, argc, argv);
}
