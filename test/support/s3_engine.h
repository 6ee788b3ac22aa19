// SPDX-License-Identifier: MIT
// A client of the S3 engine that the tests were given in their environment (test/engines).
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "outgoing/http_client.h"
#include "runtime/blocking_pool.h"
#include "s3/client.h"

namespace sluice::testing {

// Unset: there is no engine.
inline std::optional<s3::ClientSettings> s3_engine_settings() {
  const char* const endpoint = std::getenv("SLUICE_S3_ENDPOINT");
  if (endpoint == nullptr) {
    return std::nullopt;
  }
  s3::ClientSettings settings;
  settings.endpoint = *outgoing::parse_target(endpoint);
  settings.bucket = "sluice";
  settings.key = {
      .access_key = "AKTEST", .secret_key = "SKTEST", .session_token = {}, .region = "us-east-1"};
  return settings;
}

// The machine's clock, set wrong.
class WrongClock final : public Clock {
 public:
  explicit WrongClock(Duration ahead) : ahead_(ahead) {}
  Timestamp now() const noexcept override { return SystemClock().now() + ahead_; }

 private:
  const Duration ahead_;
};

class S3Engine {
 public:
  explicit S3Engine(s3::ClientSettings settings, Duration clock_ahead = Duration::zero())
      : clock_(clock_ahead), client_(http_, clock_, std::move(settings)) {}

  s3::Client& client() noexcept { return client_; }
  outgoing::HttpClient& http() noexcept { return http_; }

 private:
  WrongClock clock_;
  runtime::BlockingPool pool_{2};
  outgoing::HttpClient http_{pool_};
  s3::Client client_;
};

}  // namespace sluice::testing
