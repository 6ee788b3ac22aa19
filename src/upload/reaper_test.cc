// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/steady_clock.h"
#include "support/engine_fixture.h"
#include "support/scripted_source.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;

class ReaperTest : public testing::EngineFixture {
 protected:
  std::size_t reap() { return run(engine->reaper().reap())->count; }
};

TEST_F(ReaperTest, IdleUploadsExpireAndFreeTheirBytes) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  clock.advance(23h);
  EXPECT_EQ(reap(), 0U);
  clock.advance(2h);
  reap();
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_TRUE(journal.uploads.empty());
  EXPECT_EQ(status(token).error().code(), Errc::not_found);
  EXPECT_EQ(append(token, "def", {3, 6, 9}).error().code(), Errc::not_found);
}

TEST_F(ReaperTest, AnUploadWithoutAByteHasAShortLife) {
  const std::string untouched = create(9);
  const std::string begun = create(9);
  clock.advance(59min);
  ASSERT_TRUE(append(begun, "abc", {0, 3, 9}));
  reap();
  EXPECT_TRUE(status(untouched));
  clock.advance(2min);
  reap();
  EXPECT_EQ(status(untouched).error().code(), Errc::not_found);
  clock.advance(22h);
  reap();
  EXPECT_TRUE(status(begun));
}

TEST_F(ReaperTest, ActivityRenewsTheIdleTimeUpToTheAbsoluteOne) {
  const std::string token = create(100);
  for (std::uint64_t hour = 0; hour < 8; ++hour) {
    ASSERT_TRUE(append(token, "x", {hour, hour + 1, 100})) << hour;
    clock.advance(20h);
    reap();
  }
  EXPECT_TRUE(status(token));
  clock.advance(8h);
  reap();
  EXPECT_FALSE(status(token));
}

TEST_F(ReaperTest, FinishedUploadsKeepTheirAnswerForTheirTime) {
  const std::string token = create(3);
  ASSERT_TRUE(append(token, "abc", {0, 3, 3})->answer);
  clock.advance(24h * 6);
  reap();
  EXPECT_TRUE(status(token)->answer);
  clock.advance(24h * 2);
  reap();
  EXPECT_FALSE(status(token));
  EXPECT_TRUE(journal.uploads.empty());
}

TEST_F(ReaperTest, BytesLeftByACrashAreRemoved) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  journal.uploads.at(1).progress.state = model::UploadState::aborted;
  restart();
  reap();
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_FALSE(journal.uploads.at(1).progress.blob_present);
}

TEST_F(ReaperTest, BytesThatComeLateGoBeforeTheUploadIsForgotten) {
  store.late_bytes = 20min;
  const std::string aborted = create(9);
  const std::string idle = create(9);
  ASSERT_TRUE(append(aborted, "abc", {0, 3, 9}));
  ASSERT_TRUE(append(idle, "abc", {0, 3, 9}));
  ASSERT_TRUE(run(engine->abort(aborted)));
  clock.advance(24h * 7);
  reap();
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_EQ(journal.uploads.size(), 2U);
  store.blobs[1].bytes = store.blobs[2].bytes = "late";
  clock.advance(20min);
  reap();
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_TRUE(journal.uploads.empty());
}

TEST_F(ReaperTest, WaitingForTheBackendIsNoIdleness) {
  answers_at_once = false;
  const std::string token = create(3);
  ASSERT_FALSE(append(token, "abc", {0, 3, 3}));
  clock.advance(24h * 30);
  EXPECT_EQ(reap(), 0U);
  answer_now(token);
  EXPECT_TRUE(status(token)->answer);
}

// As `sluice fsck --repair` leaves an upload whose file has lost bytes.
TEST_F(ReaperTest, AnUploadThatWasGivenTimeBeyondTheAbsoluteOneKeepsIt) {
  const std::string token = create(100);
  ASSERT_TRUE(append(token, "a", {0, 1, 100}));
  clock.advance(24h * 8);
  const Timestamp until = clock.now() + 24h;
  journal.uploads.begin()->second.progress.expires_at = until;
  restart();
  ASSERT_TRUE(append(token, "b", {1, 2, 100}));
  EXPECT_EQ(journal.uploads.begin()->second.progress.expires_at, until);
  clock.advance(23h);
  reap();
  ASSERT_TRUE(append(token, "c", {2, 3, 100}));
  EXPECT_EQ(status(token)->acknowledged, 3U);
  clock.advance(1h);
  reap();
  EXPECT_FALSE(status(token)) << "and gets no more";
}

runtime::Task<> reaps_beside_a_request(UploadEngine& engine, Log& log, testing::ManualClock& clock,
                                       std::string token) {
  testing::ScriptedSource stalled("abc", testing::ScriptedSource::Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto writer = [](Engine& e, std::string t,
                         testing::ScriptedSource& body) -> runtime::Task<> {
    const Piece piece = Range{0, 9, 9};
    EXPECT_FALSE(co_await e.append(t, piece, body));
  };
  group.spawn("writer", writer(engine, token, stalled));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  clock.advance(25h);
  EXPECT_TRUE(co_await engine.reaper().reap());
  EXPECT_TRUE(co_await engine.status(token));
  stalled.cancel(Errc::closed_by_peer);
  EXPECT_TRUE(co_await group.wait(10s));
  EXPECT_EQ((*co_await engine.status(token))->acknowledged, 3U);
}

TEST_F(ReaperTest, ARequestUnderWayKeepsItsUpload) {
  const std::string token = create(9);
  run(reaps_beside_a_request(*engine, log, clock, token));
}

runtime::Task<> reaps_an_upload_that_goes_on_for_ever(UploadEngine& engine, Log& log,
                                                      testing::ManualClock& clock,
                                                      std::string token) {
  testing::ScriptedSource endless("abc", testing::ScriptedSource::Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto writer = [](Engine& e, std::string t,
                         testing::ScriptedSource& body) -> runtime::Task<> {
    const Piece piece = Range{0, 9, 9};
    const auto cut = co_await e.append(t, piece, body);
    EXPECT_FALSE(cut);
    EXPECT_EQ(cut.error().code(), Errc::not_found);
  };
  group.spawn("writer", writer(engine, token, endless));
  EXPECT_TRUE(co_await endless.reached_silence.wait(10s));
  clock.advance(24h * 7);
  const auto reaped = co_await engine.reaper().reap();
  EXPECT_EQ(reaped->count, 1U);
  EXPECT_TRUE(co_await group.wait(10s));
  EXPECT_FALSE(co_await engine.status(token));
}

TEST_F(ReaperTest, ARequestUnderWayIsCutWhenTheAbsoluteTimeIsOver) {
  const std::string token = create(9);
  run(reaps_an_upload_that_goes_on_for_ever(*engine, log, clock, token));
  EXPECT_TRUE(store.blobs.empty());
}

TEST_F(ReaperTest, UploadsThatAreInUseHideNoneBehindThem) {
  const std::uint64_t crowd = limits::reaper_batch_count + limits::reaper_batch_count / 2;
  for (std::uint64_t i = 0; i < crowd; ++i) {
    create(1);
  }
  // In memory they are younger, as those are that a request writes to.
  for (auto& [id, record] : journal.uploads) {
    record.progress.expires_at = Timestamp();
  }
  model::UploadRecord idle = journal.uploads.begin()->second;
  idle.id = crowd + 1;
  idle.token = "idle";
  idle.progress.expires_at = clock.now();
  journal.uploads.emplace(idle.id, idle);
  const auto first = run(engine->reaper().reap());
  EXPECT_EQ(first->count, 0U) << "nothing of them has gone";
  EXPECT_TRUE(first->has_more);
  const auto second = run(engine->reaper().reap());
  EXPECT_EQ(second->count, 1U);
  EXPECT_FALSE(second->has_more);
  EXPECT_EQ(status("idle").error().code(), Errc::not_found);
  EXPECT_EQ(run(engine->reaper().reap())->count, 0U) << "from the beginning again";
}

// The engine with a clock that is set forward and back.
TEST_F(ReaperTest, NothingExpiresByAClockThatIsSet) {
  testing::ManualClock boot;
  SteadyClock steady(clock, boot, log, 15min);
  upload::EngineParts parts{journal, store, answers, announcer, buffers, steady, metrics, log};
  engine = std::make_unique<UploadEngine>(parts, *this, settings, *run(journal.promises()));
  const auto pass = [&](Duration time) {
    clock.advance(time);
    boot.advance(time);
    return reap();
  };
  const std::string token = create(9);
  const std::string finished = create(3);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  ASSERT_TRUE(append(finished, "abc", {0, 3, 3})->answer);
  EXPECT_EQ(pass(1h), 0U);
  std::uint64_t size = 3;
  for (const Duration step : {Duration(24h * 10), Duration(-24h)}) {
    clock.advance(step);
    EXPECT_EQ(reap(), 0U);
    EXPECT_EQ(pass(3s), 0U);
    ASSERT_TRUE(append(token, "d", {size, size + 1, 9})) << "a client goes on in the meantime";
    ++size;
    clock.advance(-step);
    EXPECT_EQ(reap(), 0U);
    EXPECT_EQ(pass(1h), 0U);
  }
  EXPECT_TRUE(status(token));
  EXPECT_TRUE(status(finished)->answer);
  EXPECT_EQ(pass(24h), 1U) << "time that has really passed";
  EXPECT_FALSE(status(token));
}

}  // namespace
}  // namespace sluice::upload
