// SPDX-License-Identifier: MIT
// Uploads with a token that a dialect has made, and finds them by.
#include <gtest/gtest.h>

#include <string>

#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

class NamedUploadTest : public testing::EngineFixture {
 protected:
  Result<Snapshot> open(std::uint64_t size = 5) {
    NewUpload request{size, "file.mp4", "video/mp4", "{}"};
    request.token = token;
    request.finds_former = true;
    return value_of(run(engine->create(std::move(request))));
  }

  const std::string token = std::string(43, 'n');
};

TEST_F(NamedUploadTest, IsFoundAgainWhileItIsNotOver) {
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(opened->token, token);
  EXPECT_TRUE(append(token, "abc", Range{0, 3}));
  const auto again = open();
  EXPECT_EQ(again->id, opened->id);
  EXPECT_EQ(again->acknowledged, 3U);
  restart();
  EXPECT_EQ(open()->id, opened->id);
  EXPECT_EQ(journal.uploads.size(), 1U);
}

TEST_F(NamedUploadTest, BeginsAnewWhereTheFormerOneIsOver) {
  const std::uint64_t first = open()->id;
  const auto delivered = append(token, "abcde", Range{0, 5});
  EXPECT_TRUE(delivered->answer);
  EXPECT_EQ(delivered->completed_at, clock.now());
  const auto second = open();
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_NE(second->id, first);
  EXPECT_EQ(second->acknowledged, 0U);
  EXPECT_FALSE(status(token)->answer);
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_NE(open()->id, second->id);
  EXPECT_EQ(journal.uploads.size(), 1U);
  EXPECT_EQ(append(token, "fghij", Range{0, 5})->answer->body.substr(0, 6), "answer");
  EXPECT_EQ(delivered_bytes, "fghij");
}

TEST_F(NamedUploadTest, KeepsAFileThatWaitsForItsAnswer) {
  answers_at_once = false;
  const std::uint64_t first = open()->id;
  EXPECT_FALSE(append(token, "abcde", Range{0, 5}));
  EXPECT_EQ(open()->id, first);
  EXPECT_EQ(open()->state, model::UploadState::received);
}

}  // namespace
}  // namespace sluice::upload
