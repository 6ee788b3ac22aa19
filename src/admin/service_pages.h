// SPDX-License-Identifier: MIT
// Liveness, readiness and metrics of the running server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "journal/journal.h"
#include "protocol/service_pages.h"
#include "runtime/blocking_pool.h"
#include "store/named_files.h"
#include "store/store.h"

namespace sluice::admin {

// Used by all workers at once; its references outlive it.
class ServerPages final : public protocol::ServicePages {
 public:
  // `files` are kept on the disk of the journal; `low_water` is in its free bytes. What the kernel
  // knows is asked on threads of `pool`.
  ServerPages(const Metrics& metrics, journal::Journal& journal, store::Store& store,
              store::NamedFiles& files, runtime::BlockingPool& pool, std::uint64_t low_water);

  runtime::Task<http::Response> healthz() override;
  runtime::Task<http::Response> readyz() override;
  runtime::Task<http::Response> metrics() override;
  // For operators:
  // `{"version","up_seconds","ready","reasons","uploads":{STATE:COUNT},"connections",
  // "bytes_received","disk_free_bytes"}`.
  runtime::Task<http::Response> status();

  // From now on not ready: a balancer shall send new uploads elsewhere. Any thread.
  void set_draining() noexcept { draining_ = true; }
  // Any thread.
  void set_low_water(std::uint64_t bytes) noexcept { low_water_ = bytes; }
  // Why no new upload can be taken, for people; none: the server is ready.
  runtime::Task<std::vector<std::string>> reasons_not_ready();
  // Uploads that are being received; 0 where the journal does not answer.
  runtime::Task<std::uint64_t> uploads_receiving();

 private:
  const Metrics& metrics_;
  journal::Journal& journal_;
  store::Store& store_;
  store::NamedFiles& files_;
  runtime::BlockingPool& pool_;
  std::atomic<std::uint64_t> low_water_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::atomic<bool> draining_{false};
};

}  // namespace sluice::admin
