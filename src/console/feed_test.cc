// SPDX-License-Identifier: MIT
#include "console/feed.h"

#include <gtest/gtest.h>

#include <array>

#include "base/limits.h"
#include "support/engine_fixture.h"

namespace sluice::console {
namespace {

class FeedTest : public testing::EngineFixture {
 protected:
  // The next thing that the listener hears, and how it ended.
  std::string heard(runtime::ByteSource& listener) {
    std::array<std::byte, 65'536> buffer;
    const auto count = run(listener.read(buffer, Duration(1)));
    return std::string(as_text(Bytes(buffer).first(*count)));
  }
  static std::vector<std::string> events(const std::string& text) {
    std::vector<std::string> names;
    const std::string_view prefix = "event: ";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
      at += prefix.size();
      names.push_back(text.substr(at, text.find('\n', at) - at));
    }
    return names;
  }
  using Names = std::vector<std::string>;

  runtime::BlockingPool pool{0};
  admin::ServerPages server{metrics, journal, store, store, pool, 0};
  Feed feed{context.get_executor(),
            pool,
            {engine->operations(), server, journal, store, metrics, clock, log}};
};

TEST_F(FeedTest, TellsAllAtFirstAndThenWhatChanges) {
  const std::string token = create(9);
  const auto listener = feed.listen({});
  ASSERT_TRUE(listener);
  EXPECT_EQ(events(heard(**listener)), Names{"hour"});
  run(feed.tick());
  std::string text = heard(**listener);
  EXPECT_EQ(events(text), (Names{"sample", "status", "uploads"}));
  EXPECT_NE(text.find(R"("all":true)"), std::string::npos);
  run(feed.tick());
  text = heard(**listener);
  EXPECT_EQ(events(text), Names{"uploads"});
  EXPECT_NE(text.find(R"("rows":[]})"), std::string::npos) << text;
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  // Another one with the same view hears of all.
  const auto late = feed.listen({});
  run(feed.tick());
  EXPECT_NE(heard(**listener).find(R"("all":false)"), std::string::npos);
  EXPECT_EQ(events(heard(**late)), (Names{"hour", "status", "uploads"}));
}

TEST_F(FeedTest, SamplesAreTakenAlsoWhileNoOneListens) {
  for (std::size_t i = 0; i < 2 * limits::console_sample_ticks; ++i) {
    run(feed.tick());
  }
  const auto listener = feed.listen({});
  const std::string hour = heard(**listener);
  EXPECT_EQ(std::ranges::count(hour, '{'), 3) << hour;
}

TEST_F(FeedTest, HasABoundOnItsListeners) {
  std::vector<std::shared_ptr<runtime::ByteSource>> listeners;
  listeners.reserve(limits::console_listeners_max);
  for (std::size_t i = 0; i < limits::console_listeners_max; ++i) {
    listeners.push_back(*feed.listen({}));
  }
  EXPECT_EQ(feed.listen({}).error().code(), Errc::overloaded);
  listeners.pop_back();
  EXPECT_TRUE(feed.listen({}));
}

TEST_F(FeedTest, OneThatDoesNotReadLosesItsPlace) {
  const auto listener = feed.listen({});
  std::size_t ticks = 0;
  for (; feed.has_listeners() && ticks < 1'000'000; ++ticks) {
    run(feed.tick());
  }
  EXPECT_FALSE(feed.has_listeners());
  EXPECT_EQ(heard(**listener), "");
}

}  // namespace
}  // namespace sluice::console
