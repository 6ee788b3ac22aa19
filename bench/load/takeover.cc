// SPDX-License-Identifier: MIT
#include "load/takeover.h"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "load/connection.h"
#include "load/dialect.h"
#include "load/latency.h"
#include "load/uploads.h"

namespace sluice::bench {
namespace {

std::string expecting(std::string head) {
  constexpr std::string_view end = "\r\n";
  head.resize(head.size() - end.size());
  return head + "Expect: 100-continue\r\n\r\n";
}

// The time until the server stores the older request's bytes, which no answer reports.
constexpr std::chrono::milliseconds settle_time{30};

}  // namespace

std::string run_takeover(const Options& options) {
  const std::unique_ptr<Dialect> dialect = make_dialect(options);
  const Source source;
  Latencies latencies;
  const double cpu_before = cpu_seconds();
  const auto began = Clock::now();
  for (unsigned i = 0; i < options.uploads; ++i) {
    Connection control(options);
    const std::string path = open_upload(control, *dialect, options.size, i);
    const std::string head = dialect->piece_head(path, {0, options.size}, options.size);
    Connection older(options);
    older.send(head, source, 0, options.bytes);
    std::this_thread::sleep_for(settle_time);
    Connection newer(options);
    const auto sent = Clock::now();
    newer.send(expecting(head));
    const Response response = newer.receive(true);
    latencies.add(Clock::now() - sent);
    if (response.status != 100) {
      throw std::runtime_error(
          fmt::format("take-over: expected 100, got {} {}", response.status, response.body));
    }
  }
  const std::chrono::duration<double> taken = Clock::now() - began;
  return fmt::format(
      R"({{"seconds":{:.3f},"bytes":0,"requests":{},"client_cpu_seconds":{:.6f},"request":{}}})",
      taken.count(), latencies.count(), cpu_seconds() - cpu_before, latencies.json());
}

}  // namespace sluice::bench
