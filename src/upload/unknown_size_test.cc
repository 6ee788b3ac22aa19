// SPDX-License-Identifier: MIT
// Uploads whose size is not known at first.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "support/engine_fixture.h"
#include "support/scripted_source.h"

namespace sluice::upload {
namespace {

using Ending = testing::ScriptedSource::Ending;
using model::UploadState;
using testing::ScriptedSource;

class UnknownSizeTest : public testing::EngineFixture {
 protected:
  UnknownSizeTest() : token(create(std::nullopt)) {}

  static Errc code_of(const Result<Snapshot>& result) {
    return result ? Errc::internal : result.error().code();
  }
  // A body that breaks off behind its bytes.
  Errc append_broken(std::string bytes, const Piece& piece) {
    ScriptedSource body(std::move(bytes), Ending::lost);
    return code_of(value_of(run(engine->append(token, piece, body))));
  }
  Result<Snapshot> append_chunked(std::string bytes, const Piece& piece) {
    ScriptedSource body(std::move(bytes), Ending::end, false);
    return value_of(run(engine->append(token, piece, body)));
  }
  const model::UploadRecord& record() { return journal.uploads.at(1); }

  std::uint64_t journal_id(const std::string& of) { return run(engine->label_of(of))->id; }

  // Of at most 1000 bytes, as the limit is.
  std::string token;
};

TEST_F(UnknownSizeTest, GrowsByPiecesAndIsNotComplete) {
  EXPECT_EQ(append(token, "abc", ContinuesAt{0})->acknowledged, 3U);
  const auto later = append(token, "def", ContinuesAt{3});
  EXPECT_EQ(later->acknowledged, 6U);
  EXPECT_EQ(later->file_size, std::nullopt);
  EXPECT_EQ(later->state, UploadState::receiving);
  EXPECT_EQ(status(token)->acknowledged, 6U) << "no byte is withheld";
  EXPECT_EQ(record().file_size_max, 1000U);
  EXPECT_EQ(deliveries, 0);
}

TEST_F(UnknownSizeTest, EndsWithTheBodyThatSaysSo) {
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  const auto last = append(token, "def", UpToEnd{3});
  ASSERT_TRUE(last && last->answer);
  EXPECT_EQ(last->file_size, 6U);
  EXPECT_EQ(delivered_bytes, "abcdef");
  restart();
  EXPECT_EQ(status(token)->file_size, 6U);
  EXPECT_TRUE(append(token, "def", UpToEnd{3})->answer) << "again, it hears the answer";
}

TEST_F(UnknownSizeTest, MayEndWithoutFurtherBytesOrHaveNone) {
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  EXPECT_TRUE(append(token, "", UpToEnd{3})->answer);
  EXPECT_EQ(delivered_bytes, "abc");
  const auto empty = append(create(std::nullopt), "", UpToEnd{0});
  ASSERT_TRUE(empty && empty->answer);
  EXPECT_EQ(empty->file_size, 0U);
  EXPECT_EQ(delivered_bytes, "");
}

TEST_F(UnknownSizeTest, ABodyThatBreaksOffLeavesItsBytesAndTheSizeUnknown) {
  EXPECT_EQ(append_broken("abc", UpToEnd{0}), Errc::closed_by_peer);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_EQ(status(token)->file_size, std::nullopt);
  EXPECT_EQ(code_of(append(token, "abcdef", UpToEnd{0})), Errc::offset_mismatch);
  restart();
  EXPECT_TRUE(append(token, "def", UpToEnd{3})->answer);
  EXPECT_EQ(delivered_bytes, "abcdef");
}

TEST_F(UnknownSizeTest, EndsNowhereElseThanTheStoredBytes) {
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  for (const std::uint64_t offset : {0U, 2U, 4U}) {
    EXPECT_EQ(code_of(append(token, "x", UpToEnd{offset})), Errc::offset_mismatch) << offset;
  }
}

TEST_F(UnknownSizeTest, NoByteIsBeyondTheMostThatTheFileMayHave) {
  ASSERT_TRUE(append(token, std::string(999, 'a'), ContinuesAt{0}));
  EXPECT_EQ(code_of(append(token, "bc", ContinuesAt{999})), Errc::file_too_large);
  EXPECT_EQ(status(token)->acknowledged, 999U) << "an announced surplus is not read";
  EXPECT_EQ(code_of(append_chunked("bc", UpToEnd{999})), Errc::file_too_large);
  EXPECT_EQ(status(token)->acknowledged, 1000U);
  EXPECT_EQ(code_of(append_chunked("c", ContinuesAt{1000})), Errc::file_too_large);
  EXPECT_TRUE(append(token, "", UpToEnd{1000})->answer);
}

TEST_F(UnknownSizeTest, AKnownSizeIsTheEnd) {
  ASSERT_EQ(declare_size(token, 6)->file_size, 6U);
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  EXPECT_EQ(code_of(append(token, "de", UpToEnd{3})), Errc::size_mismatch);
  EXPECT_EQ(code_of(append(token, "defg", UpToEnd{3})), Errc::size_mismatch);
  EXPECT_EQ(status(token)->acknowledged, 3U) << "neither is read";
  EXPECT_EQ(code_of(append_chunked("de", UpToEnd{3})), Errc::size_mismatch);
  EXPECT_EQ(status(token)->acknowledged, 5U);
  EXPECT_EQ(code_of(append_chunked("fg", UpToEnd{5})), Errc::size_mismatch);
  EXPECT_EQ(blob(1), "abcdef");
  EXPECT_EQ(deliveries, 0);
  const auto last = append(token, "f", UpToEnd{5});
  ASSERT_TRUE(last && last->answer) << "the withheld byte comes again";
  EXPECT_EQ(delivered_bytes, "abcdef");
}

TEST_F(UnknownSizeTest, ASizeIsDeclaredOnceAndMayBeRepeated) {
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  EXPECT_EQ(code_of(declare_size(token, 2)), Errc::size_mismatch);
  EXPECT_EQ(code_of(declare_size(token, 1001)), Errc::file_too_large);
  EXPECT_EQ(status(token)->file_size, std::nullopt);
  EXPECT_EQ(declare_size(token, 6)->state, UploadState::receiving);
  EXPECT_EQ(declare_size(token, 6)->file_size, 6U);
  EXPECT_EQ(code_of(declare_size(token, 7)), Errc::size_mismatch);
  EXPECT_TRUE(append(token, "def", ContinuesAt{3})->answer);
  EXPECT_EQ(declare_size(token, 6)->state, UploadState::delivered);
  EXPECT_EQ(code_of(declare_size("none", 6)), Errc::not_found);
  ASSERT_TRUE(run(engine->abort(create(std::nullopt))));
}

TEST_F(UnknownSizeTest, ASizeThatIsReachedAlreadyHandsTheFileOver) {
  answers_at_once = false;
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  const auto declared = declare_size(token, 3);
  ASSERT_TRUE(declared);
  EXPECT_EQ(declared->state, UploadState::received);
  EXPECT_EQ(declared->acknowledged, 2U);
  EXPECT_EQ(deliveries, 1);
  ASSERT_TRUE(declare_size(token, 3));
  EXPECT_EQ(deliveries, 1);
  answer_now(token);
  EXPECT_TRUE(append(token, "", ContinuesAt{3})->answer);
  EXPECT_EQ(delivered_bytes, "abc");
}

TEST_F(UnknownSizeTest, UnsyncedBytesAreSyncedBeforeTheSizeCompletesThem) {
  settings.defers_syncs = true;
  restart();
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  ASSERT_FALSE(record().progress.unsynced.empty());
  EXPECT_EQ(declare_size(token, 3)->file_size, 3U);
  EXPECT_TRUE(record().progress.unsynced.empty());
  EXPECT_TRUE(append(token, "", ContinuesAt{3})->answer);
  EXPECT_EQ(delivered_bytes, "abc");
  token = create(std::nullopt);
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  EXPECT_TRUE(append(token, "def", UpToEnd{3})->answer);
  EXPECT_EQ(delivered_bytes, "abcdef");
}

TEST_F(UnknownSizeTest, ARangeWithATotalDeclaresTheSize) {
  EXPECT_EQ(append(token, "abc", Range{0, 3})->file_size, std::nullopt);
  EXPECT_EQ(append(token, "de", Range{3, 5, 6})->file_size, 6U);
  EXPECT_EQ(code_of(append(token, "f", Range{5, 6, 7})), Errc::bad_request);
  EXPECT_TRUE(append(token, "f", Range{5, 6, 6})->answer);
  EXPECT_EQ(delivered_bytes, "abcdef");
}

TEST_F(UnknownSizeTest, AWholeFileHasTheSizeOfItsBody) {
  EXPECT_EQ(append_broken("abc", WholeFile()), Errc::closed_by_peer);
  const auto whole = append(token, "abcdef", WholeFile());
  ASSERT_TRUE(whole && whole->answer);
  EXPECT_EQ(whole->file_size, 6U);
  EXPECT_EQ(delivered_bytes, "abcdef");
}

// Bytes that an earlier request wrote and that the journal never named are none of the file.
TEST_F(UnknownSizeTest, BytesThatWereNeverNamedAreCutOff) {
  for (const bool is_declared : {false, true}) {
    token = create(std::nullopt);
    ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
    testing::MemoryStore::File& file = store.blobs.at(journal_id(token));
    file.bytes = file.durable = "abcXXXX";
    if (is_declared) {
      ASSERT_TRUE(declare_size(token, 5));
    }
    EXPECT_TRUE(append(token, "de", UpToEnd{3})->answer);
    EXPECT_EQ(delivered_bytes, "abcde");
  }
}

// A request stalls behind its first bytes while another one comes.
runtime::Task<> stall(Engine& engine, std::string token, ScriptedSource& body,
                      std::optional<Result<SnapshotPtr>>& outcome) {
  outcome = co_await engine.append(token, ContinuesAt{0}, body);
}

TEST_F(UnknownSizeTest, WhoEndsTheFileTakesOverFromWhoWritesOnBehindIt) {
  for (const bool is_declared : {false, true}) {
    token = create(std::nullopt);
    ScriptedSource stalled("abc", Ending::silent, false);
    std::optional<Result<SnapshotPtr>> outcome;
    bool done = false;
    std::exception_ptr exception;
    testing::start_in(context, stall(*engine, token, stalled, outcome), done, exception);
    run(stalled.reached_silence.wait(std::chrono::seconds(10)));
    if (is_declared) {
      EXPECT_EQ(declare_size(token, 5)->acknowledged, 3U);
    }
    EXPECT_TRUE(append(token, "de", UpToEnd{3})->answer);
    testing::drive(context, done);
    EXPECT_FALSE(exception);
    EXPECT_EQ(outcome->error().code(), Errc::taken_over);
    EXPECT_EQ(delivered_bytes, "abcde");
  }
}

TEST_F(UnknownSizeTest, PromisesLittleRoomAndCountsItsBoundForItsOwner) {
  settings.admission = {limits::unknown_size_room * 100, 0};
  store.free_bytes = limits::unknown_size_room + 10;
  restart();
  NewUpload request{std::nullopt, "a", "", "{}"};
  request.owner = "ann";
  request.limits.bytes = 500;
  const auto created = run(engine->create(request));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ(journal.uploads.at((*created)->id).file_size_max, 500U);
  EXPECT_EQ(run(engine->create(request)).error().code(), Errc::quota_exceeded);
  ASSERT_TRUE(declare_size((*created)->token, 100));
  request.file_size = 400;
  EXPECT_TRUE(run(engine->create(request))) << "what it has counts from then on";
}

TEST_F(UnknownSizeTest, WhatTheDiskHasNoRoomForComesLater) {
  store.capacity_bytes = 4;
  EXPECT_EQ(append(token, "abc", ContinuesAt{0})->acknowledged, 3U);
  EXPECT_EQ(code_of(append(token, "def", UpToEnd{3})), Errc::disk_full);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  store.capacity_bytes = 100;
  EXPECT_TRUE(append(token, "def", UpToEnd{3})->answer);
}

}  // namespace
}  // namespace sluice::upload
