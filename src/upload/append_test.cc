// SPDX-License-Identifier: MIT
// One request and its body, beside the cases in the tests of the engine.
#include "upload/append.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/engine_fixture.h"

namespace sluice::upload {
namespace {

using Ending = testing::ScriptedSource::Ending;
using testing::ScriptedSource;

class AppendTest : public testing::EngineFixture {
 protected:
  Errc refusal(const std::string& token, std::string bytes, const Piece& piece) {
    const auto appended = append(token, std::move(bytes), piece);
    return appended ? Errc::internal : appended.error().code();
  }
};

TEST_F(AppendTest, EachKindOfPieceKnowsItsBytes) {
  EXPECT_EQ(wanted_range(Range{3}, 9), (ByteRange{3, 9}));
  EXPECT_EQ(wanted_range(Range{3, 7}, 9), (ByteRange{3, 7}));
  EXPECT_EQ(wanted_range(Range{3, 70}, 9), (ByteRange{3, 9}));
  EXPECT_EQ(wanted_range(WholeFile(), 9), (ByteRange{0, 9}));
  EXPECT_EQ(wanted_range(UpToEnd{4}, 9), (ByteRange{4, 9}));
  EXPECT_EQ(wanted_range(Part{{3, 6}}, 9), (ByteRange{3, 6}));
  EXPECT_EQ(wanted_range(ContinuesAt{4}, 9), (ByteRange{4, 9}));
}

TEST_F(AppendTest, ContinuesWhereTheStoredBytesEnd) {
  const std::string token = create(9);
  EXPECT_EQ(append(token, "abc", ContinuesAt{0})->acknowledged, 3U);
  EXPECT_EQ(append(token, "def", ContinuesAt{3})->acknowledged, 6U);
  EXPECT_TRUE(append(token, "ghi", ContinuesAt{6})->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

TEST_F(AppendTest, ContinuesNowhereElse) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  for (const std::uint64_t offset : {0U, 2U, 4U, 9U}) {
    EXPECT_EQ(refusal(token, "abcdefghi", ContinuesAt{offset}), Errc::offset_mismatch) << offset;
  }
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_EQ(blob(1), "abc");
}

TEST_F(AppendTest, CountsWholeOrNotAtAll) {
  const std::string token = create(9);
  for (const Ending ending : {Ending::lost, Ending::end}) {
    ScriptedSource body("abc", ending);
    const auto appended = run(engine->append(token, ContinuesAt{0, true}, body));
    EXPECT_EQ(appended.has_value(), ending == Ending::end);
    EXPECT_EQ(status(token)->acknowledged, appended ? 3U : 0U);
  }
  EXPECT_EQ(refusal(token, "defghij", ContinuesAt{3, true}), Errc::file_too_large);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  ScriptedSource lost("gh", Ending::lost, true, 3);
  EXPECT_FALSE(run(engine->append(token, Part{{6, 9}, true}, lost)));
  EXPECT_EQ(status(token)->stored.to_text(), "0-3");
  EXPECT_TRUE(append(token, "ghi", Part{{6, 9}, true}));
  EXPECT_TRUE(append(token, "def", ContinuesAt{3, true})->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

// Another engine stores the first bytes while the request is about to.
TEST_F(AppendTest, BytesThatAnotherEngineHasStoredMeanwhileAreComparedFirst) {
  journal.shared = true;
  const std::string token = create(9);
  for (const bool differ : {true, false}) {
    store.others_differ = differ;
    bool is_done = false;
    journal.meanwhile = [this, &is_done] {
      if (std::exchange(is_done, true)) {
        return;
      }
      model::UploadProgress& progress = journal.uploads.at(1).progress;
      progress.stored.add({0, progress.version + 2});
      ++progress.version;
      journal.cover(1, {0, 4});
    };
    const auto appended = append(token, "abcdef", Range{0, 6, 9});
    journal.meanwhile = nullptr;
    EXPECT_EQ(appended ? Errc::internal : appended.error().code(),
              differ ? Errc::content_mismatch : Errc::internal);
    EXPECT_EQ(status(token)->acknowledged, differ ? 2U : 6U) << "all of them count, or none";
  }
}

// As on a node that was stopped for longer than an upload lives.
TEST_F(AppendTest, BytesThatComeAfterTheUploadWasForgottenAreRemoved) {
  journal.shared = true;
  const std::string token = create(9);
  journal.meanwhile = [this] { journal.uploads.clear(); };
  EXPECT_EQ(refusal(token, "abc", Range{0, 3, 9}), Errc::not_found);
  journal.meanwhile = nullptr;
  EXPECT_FALSE(store.blobs.contains(1));
}

// Its end says that its bytes are wrong.
class WrongSource final : public runtime::ByteSource {
 public:
  explicit WrongSource(std::string bytes) : body_(std::move(bytes)) {}

  runtime::Task<Result<>> wait_readable() override { return body_.wait_readable(); }
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override {
    const Result<std::size_t> count = co_await body_.read(buffer, patience);
    if (count && *count == 0) {
      co_return fail(Errc::digest_mismatch, "wrong on purpose");
    }
    co_return count;
  }
  std::optional<std::uint64_t> remaining() const override { return body_.remaining(); }
  void cancel(Errc reason) override { body_.cancel(reason); }

 private:
  ScriptedSource body_;
};

TEST_F(AppendTest, KeepsCheckedBytesUnlessTheirEndSaysThatTheyAreWrong) {
  const auto pieces = [](std::uint64_t offset) {
    return std::vector<Piece>{ContinuesAt{.offset = offset, .is_checked = true},
                              UpToEnd{.offset = offset, .is_checked = true},
                              Range{.begin = offset, .end = 9, .is_checked = true}};
  };
  for (std::size_t kind = 0; kind < pieces(0).size(); ++kind) {
    const std::string token = create(9);
    WrongSource wrong("abcdefghi");
    const auto refused = run(engine->append(token, pieces(0)[kind], wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::digest_mismatch);
    EXPECT_EQ(status(token)->stored.total(), 0U);
    ScriptedSource lost("abc", Ending::lost, true, 6);
    EXPECT_FALSE(run(engine->append(token, pieces(0)[kind], lost)));
    EXPECT_EQ(status(token)->acknowledged, 3U);
    EXPECT_TRUE(append(token, "defghi", pieces(3)[kind])->answer);
    EXPECT_EQ(delivered_bytes, "abcdefghi");
  }
}

TEST_F(AppendTest, TheErrorNamesBothOffsets) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
  EXPECT_EQ(append(token, "x", ContinuesAt{5}).error().message(),
            "expected the bytes from offset 3 on, got those from 5");
}

TEST_F(AppendTest, AContinuationOfWhatIsCompleteHearsTheAnswer) {
  const std::string token = create(3);
  ASSERT_TRUE(append(token, "abc", ContinuesAt{0})->answer);
  EXPECT_TRUE(append(token, "", ContinuesAt{3})->answer);
  EXPECT_TRUE(append(token, "abc", ContinuesAt{0})->answer);
}

// An older request of nine bytes stalls behind its first ones, and a newer one comes.
class Contest {
 public:
  Contest(Engine& engine, std::string token, Log& log)
      : engine_(engine), token_(std::move(token)), log_(log) {}

  runtime::Task<> run(Piece older, std::string older_bytes, Piece newer, std::string newer_bytes) {
    runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log_);
    const std::uint64_t missing = wanted_range(older, 9).size() - older_bytes.size();
    ScriptedSource stalled(std::move(older_bytes), Ending::silent, true, missing);
    group.spawn("older", send(older, stalled, older_outcome));
    EXPECT_TRUE(co_await stalled.reached_silence.wait(std::chrono::seconds(10)));
    ScriptedSource body(std::move(newer_bytes));
    co_await send(newer, body, newer_outcome);
    // The end of the file cuts the older one off, too.
    if (*newer_outcome && (**newer_outcome)->answer) {
      EXPECT_TRUE(co_await group.wait(std::chrono::seconds(10)));
    }
    was_cut = older_outcome.has_value();
    stalled.cancel(Errc::closed_by_peer);
    EXPECT_TRUE(co_await group.wait(std::chrono::seconds(10)));
  }

  std::optional<Result<SnapshotPtr>> older_outcome;
  std::optional<Result<SnapshotPtr>> newer_outcome;
  bool was_cut = false;

 private:
  runtime::Task<> send(Piece piece, ScriptedSource& body,
                       std::optional<Result<SnapshotPtr>>& outcome) {
    outcome = co_await engine_.append(token_, piece, body);
  }

  Engine& engine_;
  const std::string token_;
  Log& log_;
};

TEST_F(AppendTest, TheOffsetIsCheckedOnceTheOlderRequestHasSettled) {
  Contest contest(*engine, create(9), log);
  run(contest.run(ContinuesAt{0}, "abc", ContinuesAt{3}, "defghi"));
  EXPECT_TRUE(contest.was_cut);
  EXPECT_EQ(contest.older_outcome->error().code(), Errc::taken_over);
  EXPECT_TRUE(*contest.newer_outcome);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

TEST_F(AppendTest, AnOffsetThatIsStoredAlreadyCutsNoOtherRequestOff) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "ab", ContinuesAt{0}));
  Contest contest(*engine, token, log);
  run(contest.run(ContinuesAt{2}, "c", ContinuesAt{1}, "bcd"));
  EXPECT_FALSE(contest.was_cut);
  EXPECT_EQ(contest.newer_outcome->error().code(), Errc::offset_mismatch);
  EXPECT_EQ(contest.older_outcome->error().code(), Errc::closed_by_peer);
  EXPECT_EQ(status(token)->acknowledged, 3U);
}

TEST_F(AppendTest, ARepeatedPartBesideTheEndOfTheFileHearsTheAnswer) {
  for (const bool counts_whole : {false, true}) {
    const std::string token = create(9);
    ASSERT_TRUE(append(token, "abc", ContinuesAt{0}));
    Contest contest(*engine, token, log);
    run(contest.run(Part{{0, 3}, counts_whole}, "a", ContinuesAt{3}, "defghi"));
    EXPECT_TRUE(contest.was_cut);
    ASSERT_TRUE(*contest.older_outcome) << contest.older_outcome->error().message();
    EXPECT_TRUE((**contest.older_outcome)->answer);
  }
}

TEST_F(AppendTest, SurplusOfAPartOrAWholeFileIsRefusedAndOfARangeIgnored) {
  EXPECT_EQ(refusal(create(3), "abcd", WholeFile()), Errc::bad_request);
  const Range checked{.begin = 0, .end = 3, .is_checked = true};
  EXPECT_EQ(refusal(create(3), "abcd", checked), Errc::bad_request) << "its digest is not known";
  const auto ranged = append(create(3), "abcd", Range{0, 3});
  EXPECT_TRUE(ranged && ranged->answer);
  EXPECT_EQ(delivered_bytes, "abc");
}

TEST_F(AppendTest, BytesBetweenStoredOnesAreComparedAndWritten) {
  NewUpload request{9, "file.mp4", "video/mp4", "{}"};
  request.layout = model::Layout();
  request.layout->main_size = 9;
  request.layout->part_size = 3;
  const std::string token = (*run(engine->create(std::move(request))))->token;
  ASSERT_TRUE(append(token, "def", Part{{3, 6}}));
  ASSERT_TRUE(append(token, "a", Part{{0, 3}}).error().code() == Errc::bad_request);
  EXPECT_EQ(refusal(token, "dXf", Part{{3, 6}}), Errc::content_mismatch);
  ASSERT_TRUE(append(token, "def", Part{{3, 6}}));
  EXPECT_EQ(status(token)->stored.to_text(), "3-6");
}

}  // namespace
}  // namespace sluice::upload
