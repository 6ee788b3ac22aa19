// SPDX-License-Identifier: MIT
// Requests that Sluice itself makes: HTTP/1.1 over TCP, TLS and Unix sockets, by libcurl's multi
// interface on one thread. A request that takes minutes holds a socket and a few KiB, no thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "outgoing/sender.h"
#include "runtime/task.h"

namespace sluice::outgoing {

class Transfer;

// Any thread may send. Redirects are answers like others. Proxies and credentials of the
// environment are not used; a server's certificate is always verified.
class HttpClient final : public Sender {
 public:
  HttpClient();
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // After stop(): draining.
  runtime::Task<Result<HttpAnswer>> send(HttpRequest request) override;

  // Ends all requests with `draining` and the thread. Before the event loops that wait for them go.
  void stop();

 private:
  void run();
  void begin_queued();
  void finish_done();
  void end_all();

  std::mutex mutex_;
  std::vector<std::shared_ptr<Transfer>> queued_;
  std::size_t count_ = 0;  // Queued or running.
  bool stopping_ = false;

  void* const multi_;  // CURLM*
  // The thread's own, by libcurl's handle.
  std::map<void*, std::shared_ptr<Transfer>> running_;
  std::thread thread_;
};

}  // namespace sluice::outgoing
