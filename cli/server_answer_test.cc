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

}  // namespace
}  // namespace sluice::cli
