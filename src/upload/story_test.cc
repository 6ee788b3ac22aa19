// SPDX-License-Identifier: MIT
#include "upload/story.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using Ending = testing::ScriptedSource::Ending;

TEST(Story, CountsWhatHappensAgain) {
  Story story;
  const Timestamp noon{12h};
  for (int piece = 0; piece < 1000; ++piece) {
    story.add({.what = "bytes", .at = noon + piece * 1s, .until = noon + piece * 1s, .bytes = 5});
  }
  ASSERT_EQ(story.events().size(), 1U);
  const StoryEvent& pieces = story.events().front();
  EXPECT_EQ(pieces.at, noon);
  EXPECT_EQ(pieces.until, noon + 999s);
  EXPECT_EQ(pieces.count, 1000U);
  EXPECT_EQ(pieces.bytes, 5000U);
  story.add({.what = "attempt_failed", .words = "it answered 500"});
  story.add({.what = "attempt_failed", .words = "it answered 503"});
  EXPECT_EQ(story.events().size(), 3U);
}

TEST(Story, ForgetsTheOldestAndStaysSmall) {
  Story story;
  for (std::size_t number = 0; number < 3 * limits::story_events_max; ++number) {
    story.add({.what = "broke_off", .words = std::to_string(number) + std::string(5000, 'a')});
  }
  EXPECT_EQ(story.events().size(), limits::story_events_max);
  EXPECT_EQ(story.events().back().words.substr(0, 3), "95a");
  EXPECT_LE(story.bytes_in_memory(), 8 * limits::KiB) << "as a slow upload";
}

class UploadStoryTest : public testing::EngineFixture {
 protected:
  UploadStoryTest() { answers_at_once = false; }

  void breaks_off(const std::string& token, std::string bytes, Range range) {
    testing::ScriptedSource body(std::move(bytes), Ending::lost);
    const Piece piece = range;
    EXPECT_FALSE(run(engine->append(token, piece, body)));
  }
  std::vector<std::string> told(std::uint64_t id) {
    std::vector<std::string> lines;
    for (const StoryEvent& event : run(engine->operations().find(id))->story.events()) {
      lines.push_back(std::string(event.what) + " " + std::to_string(event.count) + " " +
                      std::to_string(event.bytes) + " " + event.words);
    }
    return lines;
  }
};

using Lines = std::vector<std::string>;

TEST_F(UploadStoryTest, TellsOfBytesThatCameAndOfRequestsThatBrokeOff) {
  const std::string token = create(9);
  EXPECT_EQ(told(1), Lines());
  ASSERT_TRUE(append(token, "ab", {0, 2, 9}));
  ASSERT_TRUE(append(token, "cd", {2, 4, 9}));
  breaks_off(token, "e", {4, 9, 9});
  EXPECT_EQ(append(token, "fghi", {5, 9, 9}).error().code(), Errc::delivery_pending);
  EXPECT_EQ(told(1), (Lines{"begins 1 0 from byte 0", "bytes 2 4 ", "broke_off 1 1 lost on purpose",
                            "begins 1 0 from byte 5", "bytes 1 4 ", "complete 1 0 "}));
  restart();
  EXPECT_EQ(told(1), Lines()) << "a restart forgets it";
}

TEST_F(UploadStoryTest, TellsOfAHandOff) {
  const std::string token = create(3);
  EXPECT_EQ(append(token, "abc", {0, 3, 3}).error().code(), Errc::delivery_pending);
  delivery::Ledger& ledger = engine->ledger();
  for (unsigned attempt = 1; attempt < 4; ++attempt) {
    ledger.began(token);
    ASSERT_TRUE(run(ledger.failed(token, attempt, clock.now(), "it answered 503")));
  }
  ASSERT_TRUE(run(ledger.set_aside(token, "it is odd")));
  ASSERT_TRUE(run(engine->operations().release(1)));
  answer_now(token);
  const Lines lines = told(1);
  EXPECT_EQ(Lines(lines.begin() + 3, lines.end()),
            (Lines{"attempt_failed 3 0 it answered 503", "set_aside 1 0 it is odd", "released 1 0 ",
                   "answered 1 0 status 200"}));
}

}  // namespace
}  // namespace sluice::upload
