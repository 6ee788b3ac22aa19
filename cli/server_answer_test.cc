// SPDX-License-Identifier: MIT
#include "cli/server_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::cli {
namespace {

Answer refusal(int status, std::string body = {}) {
  return {
      .status = status, .range = {}, .location = {}, .retry_after = {}, .body = std::move(body)};
}

TEST(DescribeError, shows_what_came_and_nothing_that_acts) {
  EXPECT_EQ(describe_error(refusal(400, R"({"error":"BadRequest","message":"no"})")),
            "BadRequest: no");
  EXPECT_EQ(describe_error(refusal(400, R"({"error":"BadRequest"})")), "BadRequest");
  EXPECT_EQ(describe_error(refusal(400, R"({"message":"no"})")), R"({"message":"no"})");
  EXPECT_EQ(describe_error(refusal(400)), "an empty body");
  EXPECT_EQ(describe_error(refusal(400, "\x1b[2J\nx\x7f")), " [2J x ");
  EXPECT_EQ(describe_error(refusal(400, "{\"error\":\"\\u001b[2J\"}")), " [2J");
  EXPECT_EQ(describe_error(refusal(502, std::string(1000, 'x'))), std::string(200, 'x'));
}

TEST(WantsSha256, as_the_field_says) {
  for (const char* yes : {"sha-256=10", "sha-512=5, sha-256=1", "sha-512=0,sha-256=3"}) {
    EXPECT_TRUE(wants_sha256(yes)) << yes;
  }
  for (const char* no : {"", "sha-256=0", "sha-512=10", "sha-2561=10", "sha-256", ","}) {
    EXPECT_FALSE(wants_sha256(no)) << no;
  }
}

}  // namespace
}  // namespace sluice::cli
