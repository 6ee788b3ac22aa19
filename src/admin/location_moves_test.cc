// SPDX-License-Identifier: MIT
#include "admin/location_moves.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/posix_disk.h"
#include "support/run.h"
#include "support/temporary_directory.h"

namespace sluice::admin {
namespace {

class LocationMovesTest : public ::testing::Test {
 protected:
  // Starts a server with this public URL. Returns its base URL.
  std::string start(const std::string& configured) {
    base_.set(configured);
    moves_.emplace(base_, disk_, pool_, directory_.path(), log_);
    const Result<> restored = moves_->restore();
    return restored ? base_.url() : "error: " + restored.error().message();
  }
  Result<> move(const std::string& url) { return testing::run(moves_->move(url)); }
  std::string file() const { return directory_.path() + "/location"; }

  testing::TemporaryDirectory directory_;
  runtime::PosixDisk disk_;
  runtime::BlockingPool pool_{0};
  NullLog log_;
  protocol::LocationBase base_;
  std::optional<LocationMoves> moves_;
};

TEST_F(LocationMovesTest, TheConfiguredUrlCountsWhileNothingMoved) {
  EXPECT_EQ(start("https://a.example"), "https://a.example");
  EXPECT_EQ(start(""), "");
}

TEST_F(LocationMovesTest, AMoveOutlivesRestarts) {
  start("https://a.example");
  ASSERT_TRUE(move("https://b.example/up/"));
  EXPECT_EQ(base_.url(), "https://b.example/up");
  EXPECT_EQ(start("https://a.example"), "https://b.example/up");
  ASSERT_TRUE(move("http://c.example:81"));
  EXPECT_EQ(start(""), "http://c.example:81");
}

TEST_F(LocationMovesTest, AMoveIsTakenBack) {
  start("https://a.example");
  ASSERT_TRUE(move("https://b.example"));
  ASSERT_TRUE(move(""));
  EXPECT_EQ(base_.url(), "https://a.example");
  EXPECT_EQ(start("https://a2.example"), "https://a2.example");
  EXPECT_TRUE(move("")) << "there is nothing to take back, and nothing wrong with it";
}

TEST_F(LocationMovesTest, WhatIsNoBaseChangesNothing) {
  start("https://a.example");
  const Result<> moved = move("b.example");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Errc::bad_request);
  EXPECT_EQ(base_.url(), "https://a.example");
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(LocationMovesTest, AFileThatIsNoneIsNamed) {
  for (const char* text : {"", "\n", "nonsense\n"}) {
    std::ofstream(file()) << text;
    EXPECT_NE(start("https://a.example").find("error: " + file()), std::string::npos) << text;
  }
}

TEST_F(LocationMovesTest, ALeftoverOfACrashIsNoObstacle) {
  std::ofstream(file() + ".new") << "https://half";
  EXPECT_EQ(start("https://a.example"), "https://a.example");
  ASSERT_TRUE(move("https://b.example"));
  EXPECT_EQ(start(""), "https://b.example");
}

}  // namespace
}  // namespace sluice::admin
