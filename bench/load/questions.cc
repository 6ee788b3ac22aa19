// SPDX-License-Identifier: MIT
#include "load/questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "load/connection.h"
#include "load/dialect.h"
#include "load/latency.h"
#include "load/uploads.h"

namespace sluice::bench {
namespace {

std::string figures(Clock::time_point began, double cpu_before, const Latencies& requests) {
  const std::chrono::duration<double> taken = Clock::now() - began;
  return fmt::format(
      R"({{"seconds":{:.6f},"bytes":0,"requests":{},"client_cpu_seconds":{:.6f},"request":{}}})",
      taken.count(), requests.count(), cpu_seconds() - cpu_before, requests.json());
}

void open_and_begin(Connection& connection, const Dialect& dialect, const Source& source,
                    const Options& options, unsigned upload) {
  const std::string path = open_upload(connection, dialect, options.size, upload);
  if (options.bytes > 0) {
    const Piece piece{0, options.bytes};
    connection.send(dialect.piece_head(path, piece, options.size), source, piece.begin, piece.end);
    if (const Response response = connection.receive(); response.status != 204) {
      throw std::runtime_error(
          fmt::format("first bytes: got {} {}", response.status, response.body));
    }
  }
}

}  // namespace

std::string run_sessions(const Options& options) {
  const std::unique_ptr<Dialect> dialect = make_dialect(options);
  const Source source;
  std::mutex mutex;
  Latencies all;
  std::exception_ptr failure;
  std::atomic<unsigned> next = 0;
  const double cpu_before = cpu_seconds();
  const auto began = Clock::now();
  const auto work = [&] {
    Latencies mine;
    try {
      Connection connection(options);
      for (unsigned i = next++; i < options.uploads; i = next++) {
        const auto sent = Clock::now();
        open_and_begin(connection, *dialect, source, options, i);
        mine.add(Clock::now() - sent);
      }
    } catch (...) {
      const std::scoped_lock lock(mutex);
      failure = std::current_exception();
    }
    const std::scoped_lock lock(mutex);
    all.merge(mine);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < options.connections; ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  return figures(began, cpu_before, all);
}

std::string run_status(const Options& options) {
  const std::unique_ptr<Dialect> dialect = make_dialect(options);
  const Source source;
  Connection asking(options);
  Connection sending(options);
  const std::string path = open_upload(asking, *dialect, options.size, 0);
  std::atomic<bool> done = false;
  std::exception_ptr failure;
  std::thread sender([&] {
    try {
      // The last byte is never sent: the upload stays unfinished.
      const Piece piece{0, options.size - 1};
      sending.send(dialect->piece_head(path, piece, options.size));
      const std::uint64_t step = 1 << 20;
      for (std::uint64_t at = 0; at < piece.end && !done; at += step) {
        sending.send("", source, at, std::min(at + step, piece.end));
      }
    } catch (...) {
      failure = std::current_exception();
    }
  });
  Latencies latencies;
  const double cpu_before = cpu_seconds();
  const auto began = Clock::now();
  std::exception_ptr question_failure;
  try {
    for (unsigned i = 0; i < options.uploads; ++i) {
      const auto sent = Clock::now();
      asking.send(dialect->status_request(path, options.size));
      const Response response = asking.receive();
      if (response.status / 100 != 2) {
        throw std::runtime_error(fmt::format("status: got {} {}", response.status, response.body));
      }
      latencies.add(Clock::now() - sent);
    }
  } catch (...) {
    question_failure = std::current_exception();
  }
  std::string result = figures(began, cpu_before, latencies);
  done = true;
  sender.join();
  if (question_failure || failure) {
    std::rethrow_exception(question_failure ? question_failure : failure);
  }
  return result;
}

}  // namespace sluice::bench
