// SPDX-License-Identifier: MIT
#include "load/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "load/latency.h"
#include "load/source.h"

namespace sluice::bench {
namespace {

void expect_success(const Response& response, const char* of_what) {
  if (response.status / 100 != 2) {
    throw std::runtime_error(fmt::format("{}: got {} {}", of_what, response.status, response.body));
  }
}

class UploadRun {
 public:
  explicit UploadRun(const Options& options) : options_(options), dialect_(make_dialect(options)) {}

  std::string run() {
    std::vector<std::unique_ptr<Connection>> connections;
    connections.reserve(options_.connections);
    for (unsigned i = 0; i < options_.connections; ++i) {
      connections.push_back(std::make_unique<Connection>(options_));
    }
    if (options_.parts) {
      session_ = open_session(*connections.front(), *dialect_, options_.size);
      if (session_.part_size == 0) {
        throw std::runtime_error("creating a session of parts: expected their size");
      }
    }
    std::vector<std::thread> threads;
    threads.reserve(connections.size());
    std::latch ready(options_.connections + 1);
    for (const auto& connection : connections) {
      threads.emplace_back([this, &connection, &ready] {
        ready.arrive_and_wait();
        options_.parts ? work_on_parts(*connection) : work(*connection);
      });
    }
    const double cpu_before = cpu_seconds();
    const auto began = Clock::now();
    ready.arrive_and_wait();
    for (std::thread& thread : threads) {
      thread.join();
    }
    const std::chrono::duration<double> taken = Clock::now() - began;
    const double cpu = cpu_seconds() - cpu_before;
    if (failure_) {
      std::rethrow_exception(failure_);
    }
    return fmt::format(R"({{"seconds":{:.6f},"bytes":{},"requests":{},"client_cpu_seconds":{:.6f},)"
                       R"("request":{},"upload":{}}})",
                       taken.count(), options_.size * options_.uploads, requests_.count() + opened_,
                       cpu, requests_.json(), uploads_.json());
  }

 private:
  void work(Connection& connection) {
    Latencies requests;
    Latencies uploads;
    std::size_t opened = 0;
    try {
      for (unsigned i = next_++; i < options_.uploads; i = next_++) {
        const auto began = Clock::now();
        const std::string path = open_upload(connection, *dialect_, options_.size, i);
        opened += dialect_->path_of(i).empty() ? 1 : 0;
        options_.form ? send_form(connection, path, requests)
                      : send_pieces(connection, path, requests);
        uploads.add(Clock::now() - began);
      }
    } catch (...) {
      note_failure();
      next_ = options_.uploads;
    }
    const std::scoped_lock lock(mutex_);
    requests_.merge(requests);
    uploads_.merge(uploads);
    opened_ += opened;
  }

  // Each connection takes the next part when it is free.
  void work_on_parts(Connection& connection) {
    Latencies requests;
    const std::uint64_t step = session_.part_size;
    try {
      for (std::uint64_t part = next_++; part * step < options_.size; part = next_++) {
        const Piece piece{part * step, std::min((part + 1) * step, options_.size)};
        const auto sent = Clock::now();
        connection.send(dialect_->part_head(session_.location, part, piece), source_, piece.begin,
                        piece.end);
        expect_success(connection.receive(), "a part");
        requests.add(Clock::now() - sent);
      }
    } catch (...) {
      note_failure();
    }
    const std::scoped_lock lock(mutex_);
    requests_.merge(requests);
  }

  void note_failure() {
    const std::scoped_lock lock(mutex_);
    failure_ = std::current_exception();
  }

  void send_pieces(Connection& connection, const std::string& path, Latencies& requests) const {
    const std::uint64_t step = options_.piece == 0 ? options_.size : options_.piece;
    for (std::uint64_t begin = 0; begin < options_.size; begin += step) {
      const Piece piece{begin, std::min(begin + step, options_.size)};
      const auto sent = Clock::now();
      connection.send(dialect_->piece_head(path, piece, options_.size), source_, piece.begin,
                      piece.end);
      expect_success(connection.receive(), "a piece");
      requests.add(Clock::now() - sent);
    }
  }

  void send_form(Connection& connection, const std::string& path, Latencies& requests) const {
    const Form form = make_form();
    const auto sent = Clock::now();
    const std::string head =
        form_head(path, form.begin.size() + options_.size + form.end.size()) + form.begin;
    connection.send(head, source_, 0, options_.size);
    connection.send(form.end);
    expect_success(connection.receive(), "a form");
    requests.add(Clock::now() - sent);
  }

  const Options& options_;
  const std::unique_ptr<Dialect> dialect_;
  const Source source_;
  std::atomic<unsigned> next_ = 0;  // Upload or part.
  Response session_;                // The multi-chunk session.

  std::mutex mutex_;
  Latencies requests_;
  Latencies uploads_;
  std::size_t opened_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

Response open_session(Connection& connection, const Dialect& dialect, std::uint64_t size) {
  connection.send(dialect.open_request(size));
  Response response = connection.receive();
  expect_success(response, "creating an upload");
  if (response.location.empty()) {
    throw std::runtime_error("creating an upload: expected a location");
  }
  return response;
}

std::string open_upload(Connection& connection, const Dialect& dialect, std::uint64_t size,
                        unsigned upload) {
  if (std::string path = dialect.path_of(upload); !path.empty()) {
    return path;
  }
  return open_session(connection, dialect, size).location;
}

std::string run_uploads(const Options& options) {
  return UploadRun(options).run();
}

}  // namespace sluice::bench
