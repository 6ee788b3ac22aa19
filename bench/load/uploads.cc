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
    for (unsigned i = 0; i < options_.connections; ++i) {
      connections.push_back(std::make_unique<Connection>(options_.port));
    }
    std::vector<std::thread> threads;
    std::latch ready(options_.connections + 1);
    for (const auto& connection : connections) {
      threads.emplace_back([this, &connection, &ready] {
        ready.arrive_and_wait();
        work(*connection);
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
      const std::scoped_lock lock(mutex_);
      failure_ = std::current_exception();
      next_ = options_.uploads;
    }
    const std::scoped_lock lock(mutex_);
    requests_.merge(requests);
    uploads_.merge(uploads);
    opened_ += opened;
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
  std::atomic<unsigned> next_ = 0;

  std::mutex mutex_;
  Latencies requests_;
  Latencies uploads_;
  std::size_t opened_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

std::string open_upload(Connection& connection, const Dialect& dialect, std::uint64_t size,
                        unsigned upload) {
  const std::string request = dialect.open_request(size);
  if (request.empty()) {
    return dialect.path_of(upload);
  }
  connection.send(request);
  Response response = connection.receive();
  expect_success(response, "creating an upload");
  if (response.location.empty()) {
    throw std::runtime_error("creating an upload: expected a location");
  }
  return response.location;
}

std::string run_uploads(const Options& options) {
  return UploadRun(options).run();
}

}  // namespace sluice::bench
