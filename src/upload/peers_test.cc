// SPDX-License-Identifier: MIT
#include "upload/peers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using journal::Signal;
using runtime::Task;
using testing::ScriptedSource;

// All engines hear all, their own signals as well.
class SignalsInMemory final : public journal::Signals {
 public:
  Task<Result<>> send(Signal signal) override {
    sent.push_back(signal);
    for (const Ear& ear : ears_) {
      ear(signal);
    }
    co_return Result<>();
  }
  void listen(Ear heard) override { ears_.push_back(std::move(heard)); }

  std::vector<Signal> sent;

 private:
  std::vector<Ear> ears_;
};

// A second engine over the same journal and store.
class PeersTest : public testing::EngineFixture {
 protected:
  PeersTest() {
    journal.shared = true;
    journal.told_by = &signals;
    settings.answer_wait = 30s;
    settings.lease.duration = std::chrono::milliseconds(20);
    restart();
    open(*engine);
    other = std::make_unique<UploadEngine>(
        EngineParts{journal, store, answers, announcer, buffers, clock, metrics, log}, *this,
        settings, *run(journal.promises()));
    open(*other);
    other->concatenations().open(context.get_executor());
  }

  void open(UploadEngine& opened) {
    opened.peers().open(context.get_executor(), [&opened](const LiveUpload& upload) {
      opened.concatenations().heard_of(upload);
    });
  }

  void TearDown() override {
    for (UploadEngine* const closed : {engine.get(), other.get()}) {
      EXPECT_TRUE(run(closed->peers().close(10s)));
    }
    EXPECT_TRUE(run(other->concatenations().close(10s)));
    EngineFixture::TearDown();
  }

  std::size_t count(Signal::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(signals.sent, kind, &Signal::kind));
  }

  SignalsInMemory signals;
  std::unique_ptr<UploadEngine> other;
};

Task<> let_others_work() {
  for (int i = 0; i < 100; ++i) {
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::deferred);
  }
}

Task<> send_into(UploadEngine& engine, std::string token, ScriptedSource& body,
                 std::optional<Errc>& ended_with) {
  const Piece piece = Range{0, 9, 9};
  const auto result = co_await engine.append(token, piece, body);
  ended_with = result ? Errc::internal : result.error().code();
}

Task<> abort_elsewhere(UploadEngine& engine, UploadEngine& other, Log& log, std::string token,
                       std::optional<Errc>& ended_with) {
  ScriptedSource stalled("abc", ScriptedSource::Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  group.spawn("request", send_into(engine, token, stalled, ended_with));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  EXPECT_TRUE(co_await other.abort(token));
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(PeersTest, ARequestEndsWhenItsUploadIsAbortedOnAnotherNode) {
  const std::string token = create(9);
  std::optional<Errc> ended_with;
  run(abort_elsewhere(*engine, *other, log, token, ended_with));
  EXPECT_EQ(ended_with, Errc::not_found);
}

Task<> cut_elsewhere(UploadEngine& engine, Log& log, std::string token, journal::Signals& signals,
                     std::optional<Errc>& ended_with) {
  ScriptedSource stalled("abc", ScriptedSource::Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  group.spawn("request", send_into(engine, token, stalled, ended_with));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  // A young request stays, and one of other bytes.
  (void)co_await signals.send({Signal::Kind::cut, 1, {0, 9}});
  co_await runtime::sleep_for(limits::superseded_after + std::chrono::milliseconds(1));
  (void)co_await signals.send({Signal::Kind::cut, 1, {9, 12}});
  EXPECT_FALSE(stalled.was_cancelled());
  (void)co_await signals.send({Signal::Kind::cut, 1, {8, 9}});
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(PeersTest, AnOldRequestGivesWayToOneOnAnotherNodeAndKeepsItsBytes) {
  const std::string token = create(9);
  std::optional<Errc> ended_with;
  run(cut_elsewhere(*engine, log, token, signals, ended_with));
  EXPECT_EQ(ended_with, Errc::taken_over);
  EXPECT_EQ(status(token)->acknowledged, 3U);
}

TEST_F(PeersTest, ANodeSaysThatItTakesOverWhereAnotherHadTheUpload) {
  const std::string token = create(9);
  EXPECT_TRUE(append(token, "abc", Range{0, 3, 9}));
  EXPECT_TRUE(append(token, "def", Range{3, 6, 9}));
  EXPECT_EQ(count(Signal::Kind::cut), 0U) << "it was created here";
  ScriptedSource body("gh");
  EXPECT_TRUE(run(other->append(token, Range{6, 8, 9}, body)));
  ASSERT_EQ(count(Signal::Kind::cut), 1U);
  EXPECT_EQ(signals.sent.back(), (Signal{Signal::Kind::cut, 1, {6, 8}}));
  EXPECT_TRUE(append(token, "i", Range{8, 9, 9}));
  EXPECT_EQ(count(Signal::Kind::cut), 2U);
}

Task<> append_into(UploadEngine& engine, std::string token, Range range, std::string bytes,
                   Result<SnapshotPtr>& result) {
  ScriptedSource body(std::move(bytes));
  result = co_await engine.append(token, range, body);
}

Task<> answer_elsewhere(UploadEngine& engine, UploadEngine& other, Log& log, std::string token,
                        Result<SnapshotPtr>& here) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  Result<SnapshotPtr> there;
  group.spawn("there", append_into(other, token, Range{0, 3, 3}, "abc", there));
  co_await let_others_work();
  group.spawn("here", append_into(engine, token, Range{2, 3, 3}, "c", here));
  co_await let_others_work();
  EXPECT_EQ(group.size(), 2U) << "both wait";
  delivery::Delivery delivery;
  delivery.answer.status = 200;
  delivery.answer.body = "taken";
  EXPECT_TRUE(co_await other.ledger().answered(token, std::move(delivery)));
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(PeersTest, AClientGetsTheAnswerOfAnotherNodeWithASignalAndWithout) {
  answers_at_once = false;
  for (const bool are_told : {true, false}) {
    journal.told_by = are_told ? &signals : nullptr;
    Result<SnapshotPtr> here = fail(Errc::internal);
    run(answer_elsewhere(*engine, *other, log, create(3), here));
    ASSERT_TRUE(here) << here.error().message();
    EXPECT_EQ((*here)->answer.value().body, "taken");
  }
}

TEST_F(PeersTest, AFileIsMadeWhereItWaitsWhenItsPartIsCompletedOnAnotherNode) {
  NewUpload part{3, "part", "", "{}"};
  part.is_partial = true;
  const std::string partial = (*run(engine->create(part)))->token;
  NewUpload whole{3, "file.mp4", "video/mp4", "{}"};
  whole.partials = {partial};
  const std::string token = (*run(engine->create(whole)))->token;
  run(let_others_work());
  ScriptedSource body("abc");
  ASSERT_TRUE(run(other->append(partial, ContinuesAt{0}, body)));
  const Result<SnapshotPtr> made = run(engine->wait_for_made(token));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(delivered_bytes, "abc");
}

TEST_F(PeersTest, AFileIsMadeWithoutAnySignalToo) {
  journal.told_by = nullptr;
  NewUpload part{3, "part", "", "{}"};
  part.is_partial = true;
  const std::string partial = (*run(engine->create(part)))->token;
  NewUpload whole{3, "file.mp4", "video/mp4", "{}"};
  whole.partials = {partial};
  const std::string token = (*run(engine->create(whole)))->token;
  run(let_others_work());
  ScriptedSource body("abc");
  ASSERT_TRUE(run(other->append(partial, ContinuesAt{0}, body)));
  const Result<SnapshotPtr> made = run(engine->wait_for_made(token));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(delivered_bytes, "abc");
}

TEST_F(PeersTest, AHandOffIsHurriedOnAllNodes) {
  create(3);
  model::UploadProgress& progress = journal.uploads.at(1).progress;
  progress.state = model::UploadState::received;
  ++progress.version;
  EXPECT_TRUE(run(engine->operations().retry(1)));
  run(let_others_work());
  EXPECT_EQ(count(Signal::Kind::hurry), 1U);
  EXPECT_EQ(hurried, (std::vector<std::uint64_t>{1, 1, 1})) << "here, and by both who heard it";
}

TEST_F(PeersTest, OperatorsSeeWhatAnotherNodeHasStored) {
  const std::string token = create(9);
  ScriptedSource body("abc");
  ASSERT_TRUE(run(other->append(token, Range{0, 3, 9}, body)));
  const auto listed = run(engine->operations().list({}));
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().arrived, 3U);
  EXPECT_EQ(listed->front().record.progress.stored.prefix(), 3U);
}

}  // namespace
}  // namespace sluice::upload
