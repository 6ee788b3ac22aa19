// SPDX-License-Identifier: MIT
// Status queries while other requests still run.
#include "upload/checkpoint.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

using Ending = testing::ScriptedSource::Ending;
using runtime::Task;
using testing::ScriptedSource;

class CheckpointTest : public testing::EngineFixture {
 protected:
  // A request whose sender falls silent after `bytes`.
  struct Silent {
    explicit Silent(std::string bytes, std::uint64_t missing, bool size_known = true)
        : body(std::move(bytes), Ending::silent, size_known, missing) {}
    ScriptedSource body;
    std::optional<Result<SnapshotPtr>> outcome;
  };

  void begin(const std::string& token, Piece piece, Silent& request) {
    const auto keep = [](Task<Result<SnapshotPtr>> append,
                         std::optional<Result<SnapshotPtr>>& outcome) -> Task<> {
      outcome = co_await std::move(append);
    };
    runtime::start(context.get_executor(), log, "append",
                   keep(engine->append(token, piece, request.body), request.outcome));
    ASSERT_TRUE(run(request.body.reached_silence.wait(std::chrono::seconds(10))));
  }
  void end(Silent& request) {
    request.body.cancel(Errc::closed_by_peer);
    const auto ended = [](std::optional<Result<SnapshotPtr>>& outcome) -> Task<> {
      while (!outcome) {
        co_await runtime::sleep_for(std::chrono::milliseconds(1));
      }
    };
    run(ended(request.outcome));
    EXPECT_EQ(request.outcome->error().code(), Errc::closed_by_peer);
  }

  static Piece from(std::uint64_t offset) { return Range{offset}; }
  static Piece part(std::uint64_t begin, std::uint64_t end) { return Part{{begin, end}}; }
};

TEST_F(CheckpointTest, AStatusQueryTellsWhatASilentRequestBroughtAndItIsDurable) {
  const std::string token = create(9);
  Silent silent("abcd", 5);
  begin(token, from(0), silent);
  EXPECT_EQ(status(token)->acknowledged, 4U);
  EXPECT_FALSE(silent.outcome) << "the request goes on";
  EXPECT_EQ(store.blobs.at(1).durable, "abcd");
  EXPECT_EQ(journal.uploads.at(1).progress.stored.prefix(), 4U);
  end(silent);
  store.cut_power();
  restart();
  EXPECT_EQ(status(token)->acknowledged, 4U);
}

TEST_F(CheckpointTest, WhatWasToldIsNotMadeDurableAgain) {
  const std::string token = create(9);
  Silent silent("abcd", 5);
  begin(token, from(0), silent);
  EXPECT_TRUE(status(token));
  const auto commits = journal.commits;
  EXPECT_EQ(status(token)->acknowledged, 4U);
  EXPECT_EQ(journal.commits, commits);
  end(silent);
}

class SilentSenderTest : public CheckpointTest {
 protected:
  SilentSenderTest() {
    settings.admission = {limits::MiB, 100};
    restart();
  }

  // What is durable of `bytes` once their sender has been silent for so long.
  std::uint64_t durable_after(Duration silence, std::uint64_t bytes, Piece piece) {
    const std::string token = create(limits::MiB / 4);
    Silent silent(std::string(bytes, 'x'), limits::MiB / 4 - bytes);
    silent.body.fall_silent_for(silence);
    begin(token, piece, silent);
    EXPECT_FALSE(silent.outcome) << "the request goes on";
    const auto& [id, record] = *journal.uploads.rbegin();
    const std::uint64_t durable = record.progress.stored.prefix();
    EXPECT_EQ(store.blobs[id].durable.size(), durable);
    end(silent);
    EXPECT_TRUE(run(engine->abort(token)));
    return durable;
  }

  static constexpr std::uint64_t worth_it = limits::checkpoint_bytes_of_silent;
};

TEST_F(SilentSenderTest, AfterASecondManyBytesAreDurableAndAfterAMinuteAll) {
  using std::chrono::seconds;
  EXPECT_EQ(durable_after(seconds(0), worth_it, from(0)), 0U);
  EXPECT_EQ(durable_after(seconds(1), worth_it, from(0)), worth_it);
  EXPECT_EQ(durable_after(seconds(30), worth_it - 1, from(0)), 0U);
  EXPECT_EQ(durable_after(seconds(60), worth_it - 1, from(0)), worth_it - 1);
}

TEST_F(SilentSenderTest, ABodyOfWhichOnlyItsEndSaysWhatItIsIsLeftAlone) {
  const ContinuesAt whole{.offset = 0, .counts_whole = true};
  EXPECT_EQ(durable_after(std::chrono::hours(1), worth_it, whole), 0U);
}

TEST_F(SilentSenderTest, OneSilenceIsOneSettling) {
  const std::string token = create(limits::MiB / 4);
  Silent silent(std::string(worth_it, 'x'), limits::MiB / 4 - worth_it);
  silent.body.fall_silent_for(std::chrono::hours(1));
  const auto commits = journal.commits;
  begin(token, from(0), silent);
  EXPECT_EQ(journal.commits, commits + 1);
  end(silent);
}

TEST_F(CheckpointTest, PartsThatRunSideBySideAreAllTold) {
  const std::string token = create(9);
  Silent first("a", 2);
  Silent last("gh", 1);
  begin(token, part(0, 3), first);
  begin(token, part(6, 9), last);
  EXPECT_EQ(status(token)->stored.to_text(), "0-1,6-8");
  end(first);
  end(last);
}

TEST_F(CheckpointTest, OfABodyThatMayBeAnotherFileNothingIsTold) {
  const std::string token = create(9);
  const Piece form = WholeFile();
  Silent silent("abcd", 5, false);
  begin(token, form, silent);
  EXPECT_EQ(status(token)->acknowledged, 0U);
  end(silent);
}

TEST_F(CheckpointTest, AfterAFailedSyncNothingIsTold) {
  const std::string token = create(9);
  Silent silent("abcd", 5);
  begin(token, from(0), silent);
  store.failing_syncs = true;
  EXPECT_EQ(status(token)->acknowledged, 0U);
  store.failing_syncs = false;
  EXPECT_EQ(status(token)->acknowledged, 0U);
  end(silent);
}

TEST_F(CheckpointTest, ADiskThatHangsDoesNotKeepTheAnswer) {
  const std::string token = create(9);
  Silent silent("abcd", 5);
  begin(token, from(0), silent);
  journal.gate = std::make_shared<runtime::Event>();
  EXPECT_EQ(status(token)->acknowledged, 0U);
  EXPECT_EQ(status(token)->acknowledged, 0U);
  EXPECT_EQ(journal.at_gate, 1U) << "two questions share a checkpoint";
  silent.body.cancel(Errc::closed_by_peer);
  run(runtime::sleep_for(std::chrono::milliseconds(1)));
  EXPECT_FALSE(silent.outcome) << "the request waits for what was begun for it";
  journal.gate->set();
  end(silent);
  EXPECT_EQ(status(token)->acknowledged, 4U);
}

TEST_F(CheckpointTest, WhereSyncsAreDeferredItIsCommittedAndSyncedByTheNextRound) {
  settings.defers_syncs = true;
  restart();
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "ab", from(0)));
  Silent silent("cd", 5);
  begin(token, from(2), silent);
  EXPECT_EQ(status(token)->acknowledged, 4U);
  EXPECT_EQ(journal.uploads.at(1).progress.unsynced.to_text(), "0-4");
  EXPECT_TRUE(run(engine->deferred_syncs().round()));
  EXPECT_EQ(store.blobs.at(1).durable, "abcd");
  end(silent);
}

}  // namespace
}  // namespace sluice::upload
