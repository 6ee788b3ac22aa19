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

struct HttpClient::Notices {
  Mutex mutex;
  CURLM* multi GUARDED_BY(mutex) = nullptr;  // Null: the client is gone.
  std::vector<std::weak_ptr<Transfer>> transfers GUARDED_BY(mutex);
};

HttpClient::HttpClient(runtime::BlockingPool& pool)
    : pool_(pool), multi_(make_multi()), notices_(std::make_shared<Notices>()) {
  notices_->multi = multi_;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "outgoing");
    run();
  });
}

HttpClient::~HttpClient() {
  stop();
  {
    const MutexLock lock(notices_->mutex);
    notices_->multi = nullptr;
  }
  curl_multi_cleanup(multi_);
}

runtime::Task<Result<HttpAnswer>> HttpClient::send(HttpRequest request) {
  const auto transfer = std::make_shared<Transfer>(std::move(request), pool_);
  {
    const MutexLock lock(mutex_);
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
    const MutexLock lock(mutex_);
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
      const MutexLock lock(mutex_);
      if (stopping_) {
        break;
      }
    }
    go_on_with_noticed();
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
    const MutexLock lock(mutex_);
    queued.swap(queued_);
  }
  for (std::shared_ptr<Transfer>& transfer : queued) {
    const auto notice = [notices = notices_, noticed = std::weak_ptr(transfer)] {
      const MutexLock lock(notices->mutex);
      if (notices->multi != nullptr) {
        notices->transfers.push_back(noticed);
        curl_multi_wakeup(notices->multi);
      }
    };
    const Result<CURL*> handle = transfer->begin(notice);
    if (handle && curl_multi_add_handle(multi_, *handle) == CURLM_OK) {
      running_.emplace(*handle, std::move(transfer));
      continue;
    }
    {
      const MutexLock lock(mutex_);
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
    // The data that the message points to is gone with remove_handle.
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, handle);
    finish(std::move(running_.extract(handle).mapped()), code);
  }
}

// A notice names its transfer: libcurl gives the handle of an ended one to the next.
void HttpClient::go_on_with_noticed() {
  std::vector<std::weak_ptr<Transfer>> noticed;
  {
    const MutexLock lock(notices_->mutex);
    noticed.swap(notices_->transfers);
  }
  for (const std::weak_ptr<Transfer>& weak : noticed) {
    const std::shared_ptr<Transfer> transfer = weak.lock();
    if (!transfer) {
      continue;
    }
    CURL* const handle = transfer->handle();
    if (const auto running = running_.find(handle); running != running_.end()) {
      const CURLcode code = transfer->go_on();
      if (code != CURLE_OK) {
        curl_multi_remove_handle(multi_, handle);
        running_.erase(running);
        finish(transfer, code);
      }
    } else if (ending_.contains(handle)) {
      const int code = ending_.extract(handle).mapped().second;
      finish(transfer, code);
    }
  }
}

void HttpClient::finish(std::shared_ptr<Transfer> transfer, int code) {
  if (transfer->is_writing()) {
    CURL* const handle = transfer->handle();
    ending_.emplace(handle, std::pair(std::move(transfer), code));
    return;
  }
  {
    const MutexLock lock(mutex_);
    --count_;
  }
  transfer->end(static_cast<CURLcode>(code));
}

void HttpClient::end_all() {
  begin_queued();
  for (const auto& [handle, transfer] : running_) {
    curl_multi_remove_handle(multi_, handle);
    transfer->end(Error(Errc::draining, "the server is shutting down"));
  }
  for (const auto& [handle, waiting] : ending_) {
    waiting.first->end(Error(Errc::draining, "the server is shutting down"));
  }
  running_.clear();
  ending_.clear();
}

}  // namespace sluice::outgoing
