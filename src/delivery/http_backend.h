// SPDX-License-Identifier: MIT
// Hands finished files to an application over HTTP, as docs/backend.md tells its author.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/changeable.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "delivery/answer_body.h"
#include "delivery/backend.h"
#include "delivery/handoff_request.h"
#include "delivery/slow_work.h"
#include "outgoing/http_client.h"
#include "runtime/blocking_pool.h"
#include "store/answer_files.h"
#include "store/references.h"
#include "store/store.h"

namespace sluice::delivery {

// Any thread; its references outlive it. Digests are slow work; `pool` syncs long answers. The blob
// stays in the store until the answer is kept.
class HttpBackend final : public Backend {
 public:
  HttpBackend(outgoing::HttpClient& client, store::Store& store, store::References& references,
              store::AnswerFiles& answers, runtime::BlockingPool& pool, SlowWork& slow_work,
              Clock& clock, HttpBackendSettings settings);
  ~HttpBackend() override;

  // An answer of 300 to 399 is delivery_failed: redirects are not followed.
  runtime::Task<Result<Delivery>> deliver(const Handoff& handoff) override;

  // For attempts that begin from now on. REQUIRES: the mode is the same. Any thread.
  void change(HttpBackendSettings settings) { settings_.replace(std::move(settings)); }

  // Digests that are being made end soon, with `draining`. Before the slow work is stopped.
  void stop() noexcept { stopping_ = true; }

 private:
  // Values that are the same in every attempt of this process.
  struct Prepared {
    std::string boundary;
    HandoffDigests digests;
  };

  runtime::Task<Result<outgoing::HttpRequest>> request_for(const Handoff& handoff);
  runtime::Task<Result<std::shared_ptr<const outgoing::Body>>> body_for(const Handoff& handoff,
                                                                        const Prepared& prepared);
  runtime::Task<Result<>> add_digests(const Handoff& handoff, Prepared& prepared);
  Result<HandoffDigests> digests_of(
      const std::vector<std::shared_ptr<const outgoing::Body>>& parts) const;
  Result<Delivery> delivery_of(const Handoff& handoff, outgoing::HttpAnswer answer) const;
  runtime::Task<Result<>> finish_body(AnswerBody& body, model::Answer& answer);
  runtime::Task<> clean_up(const Handoff& handoff, const Delivery& delivery);

  Prepared prepared_before(std::uint64_t upload_id);
  void remember(std::uint64_t upload_id, const Prepared& prepared);
  void forget(std::uint64_t upload_id);

  outgoing::HttpClient& client_;
  store::Store& store_;
  store::References& references_;
  store::AnswerFiles& answers_;
  runtime::BlockingPool& pool_;
  SlowWork& slow_work_;
  Clock& clock_;
  Changeable<HttpBackendSettings> settings_;
  std::atomic<bool> stopping_ = false;

  Mutex mutex_;
  std::map<std::uint64_t, Prepared> prepared_ GUARDED_BY(mutex_);
};

}  // namespace sluice::delivery
