// SPDX-License-Identifier: MIT
#include "outgoing/http_client.h"

#include <curl/curl.h>
#include <pthread.h>

#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "outgoing/transfer.h"

namespace sluice::outgoing {
namespace {

// How late a stall is noticed at most.
constexpr int wake_up_ms = 500;
constexpr int idle_wake_up_ms = 60'000;
constexpr long kept_connections_max = 16;
// Every transfer has an end of its own; this only keeps the wait from being unbounded.
constexpr Duration a_long_time = std::chrono::hours(24 * 365);

CURLM* make_multi() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  SLUICE_CHECK(initialised == CURLE_OK);
  CURLM* const multi = curl_multi_init();
  SLUICE_CHECK(multi != nullptr);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections_max);
  return multi;
}

}  // namespace

HttpClient::HttpClient() : multi_(make_multi()) {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "outgoing");
    run();
  });
}

HttpClient::~HttpClient() {
  stop();
  curl_multi_cleanup(multi_);
}

runtime::Task<Result<HttpAnswer>> HttpClient::send(HttpRequest request) {
  const auto transfer = std::make_shared<Transfer>(std::move(request));
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) {
      co_return fail(Errc::draining, "the server is shutting down");
    }
    if (count_ >= limits::outgoing_requests_max) {
      co_return fail(Errc::overloaded, "too many requests of the server itself are under way");
    }
    ++count_;
    queued_.push_back(transfer);
  }
  curl_multi_wakeup(multi_);
  co_await transfer->ended.wait(a_long_time);
  co_return std::move(transfer->result);
}

void HttpClient::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) {
    curl_multi_wakeup(multi_);
    thread_.join();
  }
}

void HttpClient::run() {
  for (;;) {
    begin_queued();
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) {
        break;
      }
    }
    int unused = 0;
    curl_multi_perform(multi_, &unused);
    finish_done();
    curl_multi_poll(multi_, nullptr, 0, running_.empty() ? idle_wake_up_ms : wake_up_ms, nullptr);
  }
  end_all();
}

void HttpClient::begin_queued() {
  std::vector<std::shared_ptr<Transfer>> queued;
  {
    const std::scoped_lock lock(mutex_);
    queued.swap(queued_);
  }
  for (std::shared_ptr<Transfer>& transfer : queued) {
    const Result<CURL*> handle = transfer->begin();
    if (handle && curl_multi_add_handle(multi_, *handle) == CURLM_OK) {
      running_.emplace(*handle, std::move(transfer));
      continue;
    }
    {
      const std::scoped_lock lock(mutex_);
      --count_;
    }
    transfer->end(handle ? Error(Errc::overloaded, "no memory for a request") : handle.error());
  }
}

void HttpClient::finish_done() {
  int unused = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &unused)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    // What the message points to is gone with remove_handle.
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, handle);
    const std::shared_ptr<Transfer> transfer = std::move(running_.extract(handle).mapped());
    {
      const std::scoped_lock lock(mutex_);
      --count_;
    }
    transfer->end(code);
  }
}

void HttpClient::end_all() {
  begin_queued();
  for (const auto& [handle, transfer] : running_) {
    curl_multi_remove_handle(multi_, handle);
    transfer->end(Error(Errc::draining, "the server is shutting down"));
  }
  running_.clear();
}

}  // namespace sluice::outgoing
