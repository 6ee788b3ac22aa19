// SPDX-License-Identifier: MIT
#include "load/held.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "load/connection.h"
#include "load/dialect.h"
#include "load/latency.h"
#include "load/uploads.h"

namespace sluice::bench {
namespace {

class HeldConnections {
 public:
  explicit HeldConnections(const Options& options)
      : options_(options), dialect_(make_dialect(options)) {}

  std::string run() {
    open_all();
    const double cpu_before = cpu_seconds();
    const auto began = Clock::now();
    send_round();
    std::puts("held");
    std::fflush(stdout);
    const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
    while (Clock::now() < end) {
      send_round();
    }
    const std::chrono::duration<double> taken = Clock::now() - began;
    return fmt::format(
        R"({{"seconds":{:.3f},"bytes":{},"connections":{},"ended_early":{},"stalled":{},)"
        R"("client_cpu_seconds":{:.3f}}})",
        taken.count(), sent_, uploads_.size(), ended_, stalled_, cpu_seconds() - cpu_before);
  }

 private:
  struct Upload {
    std::unique_ptr<Connection> connection;
    std::uint64_t position = 0;
  };

  void open_all() {
    Connection control(options_);
    for (unsigned i = 0; i < options_.connections; ++i) {
      const std::string path = open_upload(control, *dialect_, options_.size, i);
      Upload upload{std::make_unique<Connection>(options_)};
      upload.connection->send(dialect_->piece_head(path, {0, options_.size}, options_.size));
      uploads_.push_back(std::move(upload));
    }
  }

  // One interval: every connection sends once, at even distances.
  void send_round() {
    const auto began = Clock::now();
    const auto interval = std::chrono::milliseconds(options_.interval_ms);
    for (std::size_t i = 0; i < uploads_.size(); ++i) {
      if (i % pace_count == 0) {
        std::this_thread::sleep_until(began + interval * i / uploads_.size());
      }
      send_bytes(uploads_[i]);
    }
    std::this_thread::sleep_until(began + interval);
  }

  void send_bytes(Upload& upload) {
    if (!upload.connection || upload.position + options_.bytes >= options_.size) {
      return;
    }
    const std::string_view bytes = source_.at(upload.position, options_.bytes);
    try {
      std::size_t count = 0;
      stalled_ += upload.connection->try_send(bytes, count) ? 0 : 1;
      upload.position += count;
      sent_ += count;
    } catch (const std::runtime_error&) {  // std::system_error is one.
      upload.connection.reset();
      ++ended_;
    }
  }

  static constexpr std::size_t pace_count = 8;

  const Options& options_;
  const std::unique_ptr<Dialect> dialect_;
  const Source source_;
  std::vector<Upload> uploads_;
  std::uint64_t sent_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t stalled_ = 0;
};

}  // namespace

std::string run_held(const Options& options) {
  return HeldConnections(options).run();
}

}  // namespace sluice::bench
