// SPDX-License-Identifier: MIT
#include "protocol/upload_opener.h"

#include <gtest/gtest.h>

namespace sluice::protocol {
namespace {

TEST(SessionOrigin, KeepsTheAddressAndTheChosenHeadersAlone) {
  http::Request request;
  request.headers.add("User-Agent", "test");
  request.headers.add("Cookie", "a=1");
  request.headers.add("cookie", "b=2");
  request.headers.add("X-Tag", "\xff");
  request.headers.add("x-tag", "two");
  request.headers.add("Authorization", "secret");
  EXPECT_EQ(session_origin(request, {.request_id = "r", .peer_address = "192.0.2.1"},
                           {"cookie", "x-tag", "user-agent", "x-none"}),
            "{\"address\":\"192.0.2.1\",\"headers\":{\"cookie\":\"a=1; b=2\","
            "\"x-tag\":\"\xef\xbf\xbd, two\",\"user-agent\":\"test\"}}");
  EXPECT_EQ(session_origin(request, {}, {}), R"({"address":"","headers":{}})");
}

}  // namespace
}  // namespace sluice::protocol
