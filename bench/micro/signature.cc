// SPDX-License-Identifier: MIT
// Two signed requests: one that the first dialect verifies, and one that none verifies.

#include <benchmark/benchmark.h>

#include "auth/signature.h"
#include "base/check.h"

namespace sluice::bench {
namespace {

constexpr const char* secret = "ijklmnop";

auth::SignedRequest session_request() {
  return {"POST",
          {"uploads.example.com"},
          "/videos/upload.json",
          {{"access_key", "abcdefgh"},
           {"cloud_id", "123456789"},
           {"file_name", "holiday in the mountains.mp4"},
           {"file_size", "5368709120"},
           {"profiles", "h264"},
           {"timestamp", "2026-03-01T15:39:10.260762Z"}}};
}

std::string documented_signature(const auth::SignedRequest& request) {
  const auto query = auth::canonical_query(request.fields, auth::Dialect::documented);
  SLUICE_CHECK(query.has_value());
  return auth::sign(
      secret, auth::string_to_sign(request.method, request.hosts.front(), request.path, *query));
}

void verify_a_signature(benchmark::State& state) {
  const auth::SignedRequest request = session_request();
  const std::string signature = documented_signature(request);
  for ([[maybe_unused]] const auto& iteration : state) {
    SLUICE_CHECK(auth::verify(request, secret, signature));
  }
}
BENCHMARK(verify_a_signature);

void refuse_a_signature(benchmark::State& state) {
  const auth::SignedRequest request = session_request();
  auth::SignedRequest other = request;
  other.fields.front().value = "hgfedcba";
  const std::string signature = documented_signature(other);
  for ([[maybe_unused]] const auto& iteration : state) {
    SLUICE_CHECK(!auth::verify(request, secret, signature));
  }
}
BENCHMARK(refuse_a_signature);

}  // namespace
}  // namespace sluice::bench
