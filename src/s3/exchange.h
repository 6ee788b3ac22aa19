// SPDX-License-Identifier: MIT
// One request to the store, signed, and sent again where that can help. For Client alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/changeable.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "outgoing/sender.h"
#include "s3/failure.h"
#include "s3/object_store.h"
#include "s3/signer.h"

namespace sluice::s3 {

struct ClientSettings {
  outgoing::Target endpoint;  // Its path is not used; the bucket is the first part of each path.
  std::string ca_file;        // As outgoing::HttpRequest::ca_file.
  std::string bucket;
  SigningKey key;
  // Before the second try; before the third twice as long.
  Duration pause = limits::s3_pause;
  // Of each try; null: none. Outlives the client.
  RequestFigures* figures = nullptr;
};

struct Call {
  const char* operation = "";  // As the figures name it.
  std::string method = "GET";
  std::string key = {};  // Empty: the bucket itself.
  Query query = {};
  outgoing::HeaderFields headers = {};
  std::optional<Payload> payload = {};
  std::uint64_t answer_bytes_max = limits::s3_document_bytes_max;
  // Of a try; its body has, beside this, as long as Deadlines::whole says.
  Duration time_max = limits::s3_try_time_max;
  unsigned tries_max = limits::s3_tries_max;
  // The answer is a document, which may be that of an error though the status says success.
  bool answers_with_document = false;
};

class Exchange {
 public:
  Exchange(outgoing::Sender& sender, const Clock& clock, ClientSettings settings);

  // An answer of 2xx.
  runtime::Task<Result<outgoing::HttpAnswer>> send(Call call);
  std::string presigned_url(const std::string& key, std::chrono::seconds valid) const;
  // As ObjectStore::time_ahead().
  Duration time_ahead() const noexcept { return Duration(ahead_ms_.load()); }
  // For every request from now on, and every try.
  void change_key(SigningKey key) { key_.replace(std::move(key)); }
  const std::string& bucket() const noexcept { return settings_.bucket; }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  std::string path_of(const std::string& key) const;
  Timestamp store_time() const noexcept { return clock_.now() + time_ahead(); }
  outgoing::HttpRequest signed_request(const Call& call, Duration left) const;
  void count(const Call& call, const Result<outgoing::HttpAnswer>& answer, const char* result,
             SteadyTime sent) const;
  // Learns the store's time from an answer; whether another time is signed from now on.
  bool learn_time(const outgoing::HttpAnswer& answer, Duration took);
  std::optional<Failure> failure_in(const Call& call,
                                    const Result<outgoing::HttpAnswer>& answer) const;

  outgoing::Sender& sender_;
  const Clock& clock_;
  const ClientSettings settings_;
  Changeable<SigningKey> key_;  // Begins as that of the settings.
  const std::string host_;
  std::atomic<std::int64_t> ahead_ms_ = 0;
};

}  // namespace sluice::s3
