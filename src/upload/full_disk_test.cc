// SPDX-License-Identifier: MIT
// The promises that the engine keeps when the disk is full.
#include <gtest/gtest.h>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/limits.h"
#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using model::UploadState;
using Ending = testing::ScriptedSource::Ending;

class FullDiskTest : public testing::EngineFixture {
 protected:
  FullDiskTest() {
    store.free_bytes = 1100;  // Above the low mark there is room for 1000.
    restart();
  }
  bool fits(std::uint64_t file_size) {
    const auto created = run(engine->create({file_size, "a", "", "{}"}));
    EXPECT_TRUE(created || created.error().code() == Errc::disk_full);
    return created.has_value();
  }
};

TEST_F(FullDiskTest, SessionsCreatedAtOnceAreNotPromisedTheSameRoom) {
  EXPECT_TRUE(fits(600));
  EXPECT_FALSE(fits(600));
  EXPECT_TRUE(fits(400));
  EXPECT_FALSE(fits(1));
}

TEST_F(FullDiskTest, AFastUploadKeepsWhatWasWrittenBeforeTheDiskWasFull) {
  constexpr std::uint64_t size = 8 * limits::buffer_bytes;
  settings.admission = {size, 100};
  store.free_bytes = 2 * size;
  restart();
  const std::string token = create(size);
  store.capacity_bytes = 5 * limits::buffer_bytes + 10;
  const auto refused = append(token, std::string(size, 'x'), {0, size, size});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::disk_full);
  EXPECT_EQ(status(token)->acknowledged, 5 * limits::buffer_bytes);
}

TEST_F(FullDiskTest, ARestartForgetsNoPromise) {
  create(600);
  restart();
  EXPECT_FALSE(fits(401));
  EXPECT_TRUE(fits(400));
}

TEST_F(FullDiskTest, RoomThatABlobHasIsNotPromisedAgain) {
  const std::string token = create(600);
  store.free_bytes -= 600;
  ASSERT_TRUE(append(token, "abc", {0, 3, 600}));
  EXPECT_FALSE(fits(401));
  EXPECT_TRUE(fits(400));
  restart();
  EXPECT_FALSE(fits(1));
}

TEST_F(FullDiskTest, ABlobWithoutDurableBytesHasItsRoomToo) {
  const std::string token = create(600);
  store.free_bytes -= 600;
  testing::ScriptedSource wrong("abc", Ending::end, false);
  EXPECT_FALSE(run(engine->append(token, WholeFile(), wrong)));
  EXPECT_EQ(status(token)->acknowledged, 0U);
  EXPECT_TRUE(fits(400));
  restart();
  ASSERT_TRUE(append(token, "abc", {0, 3, 600}));
  EXPECT_FALSE(fits(1));
  store.free_bytes += 1;
  EXPECT_TRUE(fits(1));
}

TEST_F(FullDiskTest, AbortExpiryAndFailedCreationGiveTheRoomBack) {
  EXPECT_TRUE(run(engine->abort(create(1000))));
  EXPECT_NE(create(1000), "");
  EXPECT_FALSE(fits(1));
  clock.advance(25h);
  EXPECT_EQ(run(engine->reaper().reap())->count, 1U);
  journal.full = true;
  EXPECT_FALSE(fits(1000));
  journal.full = false;
  EXPECT_TRUE(fits(1000));
}

TEST_F(FullDiskTest, AnAbortBesideAWriterGivesTheRoomBackOnce) {
  const std::string token = create(600);
  store.free_bytes -= 600;
  ASSERT_TRUE(append(token, "abc", {0, 3, 600}));
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_TRUE(run(engine->abort(token)));
  store.free_bytes += 600;
  EXPECT_TRUE(fits(1000));
  EXPECT_FALSE(fits(1));
}

TEST_F(FullDiskTest, AJournalWithoutRoomKeepsThePrefixAndGoesOnLater) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  journal.full = true;
  EXPECT_EQ(append(token, "defghi", {3, 9, 9}).error().code(), Errc::disk_full);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_EQ(status(token)->state, UploadState::receiving);
  EXPECT_EQ(run(engine->abort(token)).error().code(), Errc::disk_full);
  journal.full = false;
  EXPECT_EQ(append(token, "def", {3, 6, 9})->acknowledged, 6U);
  EXPECT_EQ(deliveries, 0);
  EXPECT_TRUE(append(token, "ghi", {6, 9, 9})->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

runtime::Task<> appends(Engine& engine, std::string token, Result<SnapshotPtr>& result) {
  testing::ScriptedSource body("abc");
  const Piece piece = Range{0, 3, 9};
  result = co_await engine.append(token, piece, body);
}

runtime::Task<> aborts(Engine& engine, std::string token, Result<>& result) {
  result = co_await engine.abort(std::move(token));
}

// The abort gathers while the append's commit is on its way to a journal that turns out to be full.
runtime::Task<> appends_and_aborts(Engine& engine, Log& log, testing::MemoryJournal& journal,
                                   std::string token, Result<SnapshotPtr>& appended,
                                   Result<>& aborted) {
  const auto executor = co_await boost::asio::this_coro::executor;
  runtime::TaskGroup group(executor, log);
  group.spawn("append", appends(engine, token, appended));
  while (journal.at_gate == 0) {
    co_await boost::asio::post(executor, boost::asio::deferred);
  }
  group.spawn("abort", aborts(engine, token, aborted));
  for (int turn = 0; turn < 10; ++turn) {
    co_await boost::asio::post(executor, boost::asio::deferred);
  }
  journal.full = true;
  journal.gate->set();
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(FullDiskTest, ChangesThatGatheredBehindAFailedCommitFailWithIt) {
  const std::string token = create(9);
  journal.gate = std::make_shared<runtime::Event>();
  Result<SnapshotPtr> appended;
  Result<> aborted;
  run(appends_and_aborts(*engine, log, journal, token, appended, aborted));
  EXPECT_EQ(appended.error().code(), Errc::disk_full);
  EXPECT_EQ(aborted.error().code(), Errc::disk_full);
  EXPECT_EQ(journal.at_gate, 1U) << "the abort went to the journal by itself";
  EXPECT_EQ(status(token)->acknowledged, 0U);
  EXPECT_EQ(status(token)->state, UploadState::receiving);
  journal.full = false;
  EXPECT_EQ(append(token, "abc", {0, 3, 9})->acknowledged, 3U);
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_FALSE(status(token));
}

TEST_F(FullDiskTest, WhatAFailedCommitNamedIsNamedByNoLaterOne) {
  const std::string token = create(9);
  journal.full = true;
  EXPECT_FALSE(append(token, "abcdefghi", {0, 9, 9}));
  journal.full = false;
  // The client now sends something else, whose sync fails: the old bytes are gone, too.
  store.failing_syncs = true;
  EXPECT_FALSE(append(token, "XYZ", {0, 3, 9}));
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_TRUE(journal.uploads.at(1).progress.stored.empty());
  EXPECT_EQ(journal.uploads.at(1).progress.state, UploadState::aborted);
}

TEST_F(FullDiskTest, AnAnswerThatFoundNoRoomIsKeptLater) {
  answers_at_once = false;
  const std::string token = create(3);
  EXPECT_EQ(append(token, "abc", {0, 3, 3}).error().code(), Errc::delivery_pending);
  delivery::Delivery delivery;
  delivery.answer.status = 200;
  delivery.answer.body = "first";
  journal.full = true;
  EXPECT_FALSE(run(engine->ledger().answered(token, delivery)));
  EXPECT_FALSE(status(token)->answer);
  journal.full = false;
  delivery.answer.body = "second";
  EXPECT_TRUE(run(engine->ledger().answered(token, delivery)));
  EXPECT_EQ(status(token)->answer->body, "second");
  EXPECT_EQ(journal.uploads.at(1).progress.answer->body, "second");
}

TEST_F(FullDiskTest, OffsetsOfHugeFilesDoNotOverflow) {
  constexpr std::uint64_t size = limits::file_size_max;
  settings.admission = {size, 100};
  store.free_bytes = 2 * size;
  restart();
  const std::string token = create(size);
  EXPECT_EQ(append(token, "abc", {0, 3, size})->acknowledged, 3U);
  // All but the last three bytes, as if they had been sent.
  const ByteRange most{0, size - 3};
  journal.uploads.at(1).progress.stored = RangeSet();
  journal.uploads.at(1).progress.stored.add(most);
  journal.cover(1, most);
  restart();
  EXPECT_EQ(status(token)->acknowledged, size - 3);
  EXPECT_EQ(append(token, "", {size, ~std::uint64_t{0}, size})->acknowledged, size - 3);
  EXPECT_EQ(append(token, "", {~std::uint64_t{0} - 1, ~std::uint64_t{0}, size})->acknowledged,
            size - 3);
  store.capacity_bytes = 100;
  EXPECT_FALSE(append(token, "xyz", {size - 3, size, size})) << "the store holds no such blob";
  EXPECT_EQ(status(token)->acknowledged, size - 3);
}

}  // namespace
}  // namespace sluice::upload
