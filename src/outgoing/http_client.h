// SPDX-License-Identifier: MIT
// Requests that Sluice itself makes: HTTP/1.1 over TCP, TLS and Unix sockets, by libcurl's multi
// interface on one thread. A request that takes minutes holds a socket and a few KiB, no thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "outgoing/sender.h"
#include "runtime/blocking_pool.h"
#include "runtime/task.h"

namespace sluice::outgoing {

class Transfer;

// Any thread may send. Files are read and written on threads of `pool`, so that a disk which does
// not answer holds up the requests that need it alone, and not stop(). Redirects are
// answers like others. Proxies and credentials of the environment are not used; a server's
// certificate is always verified.
class HttpClient final : public Sender {
 public:
  // `pool` is stopped after stop(), before what bodies and sinks refer to goes.
  explicit HttpClient(runtime::BlockingPool& pool);
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // After stop(): draining.
  runtime::Task<Result<HttpAnswer>> send(HttpRequest request) override;

  // Ends all requests with `draining` and the thread. Before the event loops that wait for them go.
  void stop();

 private:
  // Outlives the client in calls that a disk holds up.
  struct Notices;

  void run();
  void begin_queued();
  void finish_done();
  void go_on_with_noticed();
  // Ends the transfer of a handle that has been removed, or waits for its last write.
  void finish(std::shared_ptr<Transfer> transfer, int code);
  void end_all();

  Mutex mutex_;
  std::vector<std::shared_ptr<Transfer>> queued_ GUARDED_BY(mutex_);
  std::size_t count_ GUARDED_BY(mutex_) = 0;  // Queued or running.
  bool stopping_ GUARDED_BY(mutex_) = false;

  runtime::BlockingPool& pool_;
  void* const multi_;  // CURLM*
  const std::shared_ptr<Notices> notices_;
  // The thread's own, by libcurl's handle.
  std::map<void*, std::shared_ptr<Transfer>> running_;
  // Their last write is under way; with libcurl's code.
  std::map<void*, std::pair<std::shared_ptr<Transfer>, int>> ending_;
  std::thread thread_;
};

}  // namespace sluice::outgoing
