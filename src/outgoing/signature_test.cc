// SPDX-License-Identifier: MIT
#include "outgoing/signature.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/encoding.h"

namespace sluice::outgoing {
namespace {

HttpRequest request_with_body() {
  HttpRequest request;
  request.target = *parse_target("http://app:3000/videos?a=1");
  request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", "k1"}};
  request.body = std::make_shared<TextBody>("{}");
  return request;
}

constexpr Timestamp noon{std::chrono::milliseconds(1'700'000'000'999)};

TEST(Sign, covers_method_target_headers_and_the_digest_of_the_body) {
  HttpRequest request = request_with_body();
  sign(request, "secret", noon);
  const std::string digest = to_hex(sha256("{}"));
  EXPECT_EQ(find_header(request.headers, "x-sluice-body-sha256"), digest);
  EXPECT_EQ(find_header(request.headers, "x-sluice-signed"),
            "content-type idempotency-key x-sluice-body-sha256");
  const std::string content =
      "1700000000.POST /videos?a=1\n"
      "content-type idempotency-key x-sluice-body-sha256\n"
      "application/json\nk1\n" +
      digest;
  EXPECT_EQ(find_header(request.headers, "x-sluice-signature"),
            "t=1700000000,v1=" + to_hex(hmac_sha256("secret", content)));
}

TEST(Sign, changes_with_everything_it_covers) {
  const auto signature_of = [](HttpRequest request, std::string_view secret, Timestamp now) {
    sign(request, secret, now);
    return std::string(*find_header(request.headers, "X-Sluice-Signature"));
  };
  const std::string original = signature_of(request_with_body(), "secret", noon);
  EXPECT_EQ(signature_of(request_with_body(), "secret", noon), original);

  EXPECT_NE(signature_of(request_with_body(), "other", noon), original);
  EXPECT_NE(signature_of(request_with_body(), "secret", noon + std::chrono::seconds(1)), original);
  HttpRequest changed = request_with_body();
  changed.method = "PUT";
  EXPECT_NE(signature_of(changed, "secret", noon), original);
  changed = request_with_body();
  changed.target.path = "/videos?a=2";
  EXPECT_NE(signature_of(changed, "secret", noon), original);
  changed = request_with_body();
  changed.headers[1].second = "k2";
  EXPECT_NE(signature_of(changed, "secret", noon), original);
  changed = request_with_body();
  changed.body = std::make_shared<TextBody>("[]");
  EXPECT_NE(signature_of(changed, "secret", noon), original);
}

}  // namespace
}  // namespace sluice::outgoing
