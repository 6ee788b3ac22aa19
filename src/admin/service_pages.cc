// SPDX-License-Identifier: MIT
#include "admin/service_pages.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "admin/metrics_page.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::admin {
namespace {

// A page about now must come from here and not from a cache.
http::Response uncached(http::Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response status_page(int status, const char* word, const std::vector<std::string>& reasons) {
  boost::json::object body;
  body["status"] = word;
  if (!reasons.empty()) {
    boost::json::array list;
    for (const std::string& reason : reasons) {
      list.emplace_back(to_valid_utf8(reason));
    }
    body["reasons"] = std::move(list);
  }
  return uncached(http::json_response(status, boost::json::serialize(body)));
}

}  // namespace

ServerPages::ServerPages(const Metrics& metrics, journal::Journal& journal, store::Store& store,
                         store::NamedFiles& files, runtime::BlockingPool& pool,
                         std::uint64_t low_water)
    : metrics_(metrics),
      journal_(journal),
      store_(store),
      files_(files),
      pool_(pool),
      low_water_(low_water) {}

runtime::Task<http::Response> ServerPages::healthz() {
  co_return status_page(200, "ok", {});
}

runtime::Task<http::Response> ServerPages::readyz() {
  const std::vector<std::string> reasons = co_await reasons_not_ready();
  if (reasons.empty()) {
    co_return status_page(200, "ready", reasons);
  }
  co_return status_page(503, "not ready", reasons);
}

runtime::Task<std::vector<std::string>> ServerPages::reasons_not_ready() {
  std::vector<std::string> reasons;
  if (draining_) {
    reasons.emplace_back("the server is shutting down");
  }
  if (!journal_.healthy()) {
    reasons.emplace_back("the journal takes no changes after a failed commit; see the log");
  } else if (const Result<> answers = co_await journal_.ping(); !answers) {
    reasons.push_back("the journal is away: " + answers.error().message());
  }
  const Result<> reached = co_await store_.ping();
  if (!reached) {
    reasons.push_back("the store of the bytes is away: " + reached.error().message());
  }
  const Result<store::Space> space = co_await files_.space();
  if (!space) {
    reasons.emplace_back("free disk space cannot be read");
  } else if (const std::uint64_t low_water = low_water_; space->free_bytes < low_water) {
    reasons.push_back(fmt::format("{} bytes of disk are free, expected at least {}",
                                  space->free_bytes, low_water));
  }
  if (space && space->free_files && *space->free_files < limits::free_files_min) {
    reasons.push_back(fmt::format("{} inodes are free on the disk, expected at least {}",
                                  *space->free_files, limits::free_files_min));
  }
  co_return reasons;
}

runtime::Task<std::uint64_t> ServerPages::uploads_receiving() {
  const auto counts = co_await journal_.upload_counts();
  if (!counts) {
    co_return 0;
  }
  const auto found = counts->find(model::UploadState::receiving);
  co_return found == counts->end() ? 0 : found->second;
}

runtime::Task<http::Response> ServerPages::metrics() {
  SampledGauges sampled;
  auto counts = co_await journal_.upload_counts();
  if (counts) {
    sampled.uploads = std::move(*counts);
  }
  const Result<store::Space> space = co_await files_.space();
  if (space) {
    sampled.disk = *space;
  }
  auto ask_kernel = [] { return process_figures(); };
  sampled.process = co_await runtime::offload(pool_, ask_kernel);
  http::Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4");
  response.body = metrics_page(metrics_, sampled);
  co_return uncached(std::move(response));
}

runtime::Task<http::Response> ServerPages::status() {
  boost::json::object body;
  body["version"] = SLUICE_VERSION;
  body["up_seconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_)
          .count();
  const std::vector<std::string> reasons = co_await reasons_not_ready();
  body["ready"] = reasons.empty();
  boost::json::array list;
  for (const std::string& reason : reasons) {
    list.emplace_back(to_valid_utf8(reason));
  }
  body["reasons"] = std::move(list);
  if (const auto counts = co_await journal_.upload_counts()) {
    boost::json::object uploads;
    for (const auto& [state, count] : *counts) {
      uploads[model::to_text(state)] = count;
    }
    body["uploads"] = std::move(uploads);
  }
  body["connections"] = metrics_.connections_open.value();
  body["bytes_received"] = metrics_.bytes_received.value();
  if (const Result<store::Space> space = co_await files_.space()) {
    body["disk_free_bytes"] = space->free_bytes;
  }
  co_return uncached(http::json_response(200, boost::json::serialize(body)));
}

}  // namespace sluice::admin
