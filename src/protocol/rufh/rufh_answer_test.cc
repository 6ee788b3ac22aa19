// SPDX-License-Identifier: MIT
#include "protocol/rufh/rufh_answer.h"

#include <gtest/gtest.h>

#include "protocol/dialect_names.h"

namespace sluice::protocol::rufh {
namespace {

TEST(RufhAnswer, TellsTheLimitsInTheWordsOfTheVersion) {
  const auto limit = [](std::uint64_t version, std::optional<Duration> life) {
    return upload_limit(*find_version(version, rufh_newest), 1000, life);
  };
  EXPECT_EQ(limit(6, std::chrono::seconds(90)), "max-size=1000, min-size=0, expires=90");
  EXPECT_EQ(limit(7, std::chrono::milliseconds(1999)), "max-size=1000, min-size=0, max-age=1");
  EXPECT_EQ(limit(10, std::chrono::seconds(-5)), "max-size=1000, min-size=0, max-age=0");
  EXPECT_EQ(limit(10, std::nullopt), "max-size=1000, min-size=0");
  EXPECT_EQ(upload_limit(*find_version(10, rufh_newest), std::uint64_t{1} << 53U, std::nullopt),
            "max-size=999999999999999, min-size=0")
      << "no structured integer is greater";
}

TEST(RufhAnswer, SaysProblemsAsTheyAreRegistered) {
  const http::Response offset = offset_problem(4, 7);
  EXPECT_EQ(offset.status, 409);
  EXPECT_EQ(offset.headers.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(
      offset.body,
      R"({"type":"https://iana.org/assignments/http-problem-types#mismatching-upload-offset",)"
      R"("title":"offset from request does not match offset of resource","status":409,)"
      R"("expected-offset":4,"provided-offset":7})");
  const http::Response length = length_problem("a\xFF");
  EXPECT_EQ(length.status, 400);
  EXPECT_NE(length.body.find("#inconsistent-upload-length\""), std::string::npos);
  EXPECT_NE(length.body.find("\"detail\":\"a\xEF\xBF\xBD\""), std::string::npos);
  EXPECT_EQ(completed_problem().status, 400);
  EXPECT_NE(completed_problem().body.find("#completed-upload\""), std::string::npos);
}

}  // namespace
}  // namespace sluice::protocol::rufh
