// SPDX-License-Identifier: MIT
#include "upload/upload_engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "support/engine_fixture.h"
#include "support/scripted_source.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using Ending = testing::ScriptedSource::Ending;
using model::UploadState;
using runtime::Task;
using testing::ScriptedSource;

class UploadEngineTest : public testing::EngineFixture {
 protected:
  void accept_large_files() {
    settings.admission.file_size_max = 64 * limits::MiB;
    store.free_bytes = 128 * limits::MiB;
    restart();
  }
};

TEST_F(UploadEngineTest, StoresPiecesAndAcknowledgesWhatIsDurable) {
  const std::string token = create(9);
  const auto first = append(token, "abcde", {0, 5, 9});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->acknowledged, 5U);
  store.cut_power();
  EXPECT_EQ(blob(1), "abcde");
  EXPECT_EQ(status(token)->acknowledged, 5U);
  EXPECT_EQ(journal.uploads.at(1).progress.stored.prefix(), 5U);
}

TEST_F(UploadEngineTest, TheLastPieceBringsTheBackendsAnswerAndRepeatsKeepIt) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  const auto last = append(token, "fghi", {5, 9, 9});
  ASSERT_TRUE(last);
  ASSERT_TRUE(last->answer);
  EXPECT_EQ(last->answer->body, "answer 1");
  EXPECT_EQ(last->acknowledged, 9U);
  EXPECT_EQ(append(token, "i", {8, 9, 9})->answer, last->answer);
  EXPECT_EQ(append(token, "abcdefghi", WholeFile())->answer, last->answer);
  EXPECT_EQ(status(token)->answer, last->answer);
  restart();
  EXPECT_EQ(status(token)->answer, last->answer);
  EXPECT_EQ(deliveries, 1);
}

TEST_F(UploadEngineTest, OverlapIsComparedAndSkipped) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  EXPECT_EQ(append(token, "efg", {4, 7, 9})->acknowledged, 7U);
  EXPECT_EQ(append(token, "abc", {0, 3, 9})->acknowledged, 7U);
  EXPECT_EQ(blob(1), "abcdefg");
}

TEST_F(UploadEngineTest, OtherBytesAreRefusedAtTheirOffsetAndChangeNothing) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abcde", {0, 5, 9}));
  const auto other = append(token, "abXdefg", {0, 7, 9});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Errc::content_mismatch);
  EXPECT_NE(other.error().message().find("offset 2 "), std::string::npos);
  EXPECT_EQ(status(token)->acknowledged, 5U);
  EXPECT_EQ(blob(1), "abcde");
}

std::string varied(std::size_t size) {
  std::string text(size, 'x');
  for (std::size_t i = 0; i < size; i += 997) {
    text[i] = static_cast<char>('a' + i % 26);
  }
  return text;
}

TEST_F(UploadEngineTest, BytesBehindStoredOnesAreNotReadAhead) {
  const std::string file = varied(4 * limits::buffer_bytes);
  accept_large_files();
  const std::string token = create(file.size());
  ASSERT_TRUE(append(token, file.substr(0, 1000), {0, 1000, file.size()}));
  const std::string other = "?" + file.substr(1);
  const auto refused = append(token, other, {0, file.size() - 1, file.size()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::content_mismatch);
  EXPECT_EQ(status(token)->acknowledged, 1000U);
  ASSERT_TRUE(append(token, file.substr(0, file.size() - 1), {0, file.size() - 1, file.size()}));
  EXPECT_EQ(blob(1), file.substr(0, file.size() - 1));
}

TEST_F(UploadEngineTest, APieceBeyondWhatIsStoredIsNotEvenRead) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "ab", {0, 2, 9}));
  ScriptedSource body("fghi");
  const auto answer = run(engine->append(token, Range{5, 9, 9}, body));
  EXPECT_EQ((*answer)->acknowledged, 2U);
  EXPECT_EQ(body.bytes_read(), 0U);
}

TEST_F(UploadEngineTest, RangesBeyondTheFileAndSurplusBytesAreCutToSize) {
  const std::string token = create(9);
  EXPECT_EQ(append(token, "abcdeXXX", {0, 5, 9})->acknowledged, 5U);
  EXPECT_TRUE(append(token, "fghiXXXX", {5, 100, 9})->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

TEST_F(UploadEngineTest, ALostConnectionKeepsWhatArrived) {
  const std::string token = create(9);
  ScriptedSource body("abc", Ending::lost);
  EXPECT_EQ(run(engine->append(token, Range{0, 9, 9}, body)).error().code(), Errc::closed_by_peer);
  store.cut_power();
  EXPECT_EQ(status(token)->acknowledged, 3U);
  EXPECT_EQ(blob(1), "abc");
}

TEST_F(UploadEngineTest, AWholeFileOfAnotherSizeLeavesNothingBehind) {
  for (const bool size_known : {true, false}) {
    const std::string token = create(9);
    for (const char* bytes : {"abcdefgh", "abcdefghij"}) {
      ScriptedSource body(bytes, Ending::end, size_known);
      const auto refused = run(engine->append(token, WholeFile(), body));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), Errc::bad_request);
      EXPECT_NE(refused.error().message().find('9'), std::string::npos);
      EXPECT_EQ(status(token)->acknowledged, 0U);
    }
    ScriptedSource right("ABCDEFGHI", Ending::end, size_known);
    EXPECT_TRUE((*run(engine->append(token, WholeFile(), right)))->answer);
  }
}

TEST_F(UploadEngineTest, ATruncatedFormIsKeptButNotFinished) {
  const std::string token = create(3);
  ScriptedSource form("abc", Ending::lost, false);
  EXPECT_FALSE(run(engine->append(token, WholeFile(), form)));
  EXPECT_EQ(deliveries, 0);
  EXPECT_EQ(status(token)->acknowledged, 2U);
  EXPECT_TRUE(append(token, "c", {2, 3, 3})->answer);
}

TEST_F(UploadEngineTest, AnotherTotalIsRefusedBeforeAByteIsRead) {
  const std::string token = create(9);
  ScriptedSource body("abcde");
  const auto refused = run(engine->append(token, Range{0, 5, 8}, body));
  EXPECT_EQ(refused.error().code(), Errc::bad_request);
  EXPECT_EQ(body.bytes_read(), 0U);
}

TEST_F(UploadEngineTest, EmptyFilesFinishWithoutABlob) {
  const std::string token = create(0);
  EXPECT_EQ(status(token)->state, UploadState::receiving);
  EXPECT_TRUE(append(token, "", {0, 0, 0})->answer);
  EXPECT_EQ(delivered_bytes, "");
}

TEST_F(UploadEngineTest, ASlowBackendLeavesTheLastByteToBeSentAgain) {
  answers_at_once = false;
  const std::string token = create(3);
  EXPECT_EQ(append(token, "abc", {0, 3, 3}).error().code(), Errc::delivery_pending);
  EXPECT_EQ(status(token)->acknowledged, 2U);
  EXPECT_FALSE(status(token)->answer);
  restart();
  EXPECT_EQ(append(token, "c", {2, 3, 3}).error().code(), Errc::delivery_pending);
  answer_now(token);
  EXPECT_EQ(append(token, "c", {2, 3, 3})->answer->body, "answer 1");
}

Task<> takes_over(Engine& engine, Log& log, std::string token,
                  std::optional<Errc>& older_ended_with, Result<SnapshotPtr>& newer) {
  ScriptedSource stalled("abc", Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto older = [](Engine& e, std::string t, ScriptedSource& body,
                        std::optional<Errc>& ended_with) -> Task<> {
    const Piece piece = Range{0, 9, 9};
    const auto result = co_await e.append(t, piece, body);
    ended_with = result ? std::nullopt : std::optional(result.error().code());
  };
  group.spawn("older", older(engine, token, stalled, older_ended_with));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  // A status query waits for no sender, and acknowledges the bytes of the older request.
  EXPECT_EQ((*co_await engine.status(token))->acknowledged, 3U);
  ScriptedSource body("abcdef");
  const Piece piece = Range{0, 6, 9};
  newer = co_await engine.append(token, piece, body);
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(UploadEngineTest, ANewerRequestCutsAStalledOneAndKeepsItsBytes) {
  const std::string token = create(9);
  std::optional<Errc> older;
  Result<SnapshotPtr> newer;
  run(takes_over(*engine, log, token, older, newer));
  EXPECT_EQ(older, Errc::taken_over);
  ASSERT_TRUE(newer);
  EXPECT_EQ((*newer)->acknowledged, 6U);
  EXPECT_EQ(metrics.takeovers.value(), 1U);
  EXPECT_EQ(blob(1), "abcdef");
}

Task<> takes_over_from_a_slow_disk(Engine& engine, Log& log, testing::MemoryJournal& journal,
                                   std::string token) {
  ScriptedSource stalled("abc", Ending::silent, true, 6);
  ScriptedSource newer("", Ending::silent, true, 6);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  bool older_ended = false;
  const auto sends = [](Engine& e, std::string t, Piece piece, ScriptedSource& body,
                        bool& ended) -> Task<> {
    EXPECT_FALSE(co_await e.append(t, piece, body));
    ended = true;
  };
  group.spawn("older", sends(engine, token, Range{0, 9, 9}, stalled, older_ended));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  journal.gate = std::make_shared<runtime::Event>();
  bool newer_ended = false;
  group.spawn("newer", sends(engine, token, Range{3, 9, 9}, newer, newer_ended));
  EXPECT_TRUE(co_await newer.reached_silence.wait(10s)) << "its sender was not asked for the body";
  EXPECT_FALSE(older_ended);
  newer.cancel(Errc::closed_by_peer);
  journal.gate->set();
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(UploadEngineTest, ANewerRequestIsHeardWhileTheOlderOnesBytesAreOnTheirWayToTheDisk) {
  const std::string token = create(9);
  run(takes_over_from_a_slow_disk(*engine, log, journal, token));
  EXPECT_EQ(status(token)->acknowledged, 3U);
}

Task<> reads_on_and_on(Engine& engine, Log& log, std::string token, Piece piece, bool size_known,
                       const Gauge& buffers_in_use, std::uint64_t& acknowledged) {
  const std::size_t size = limits::checkpoint_bytes + limits::buffer_bytes;
  const std::uint64_t rest = 2 * limits::checkpoint_bytes - size;
  ScriptedSource body(std::string(size, 'x'), Ending::silent, size_known, rest);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto writer = [](Engine& e, std::string t, Piece p, ScriptedSource& source) -> Task<> {
    EXPECT_FALSE(co_await e.append(t, p, source));
  };
  group.spawn("writer", writer(engine, token, piece, body));
  EXPECT_TRUE(co_await body.reached_silence.wait(30s));
  EXPECT_EQ(buffers_in_use.value(), 0) << "a sender that stops holds no buffer";
  acknowledged = (*co_await engine.peek(token))->acknowledged;
  body.cancel(Errc::closed_by_peer);
  EXPECT_TRUE(co_await group.wait(30s));
}

TEST_F(UploadEngineTest, ALongRequestIsMadeDurableOnItsWayUnlessItMayBeAnotherFile) {
  const std::uint64_t size = 2 * limits::checkpoint_bytes;
  settings.admission.file_size_max = size;
  restart();
  const Piece ranged = Range{0, size, size};
  const Piece whole = WholeFile();
  std::uint64_t acknowledged = 0;
  run(reads_on_and_on(*engine, log, create(size), ranged, false, metrics.buffers_in_use,
                      acknowledged));
  EXPECT_EQ(acknowledged, limits::checkpoint_bytes);
  run(reads_on_and_on(*engine, log, create(size), whole, true, metrics.buffers_in_use,
                      acknowledged));
  EXPECT_EQ(acknowledged, limits::checkpoint_bytes);
  run(reads_on_and_on(*engine, log, create(size), whole, false, metrics.buffers_in_use,
                      acknowledged));
  EXPECT_EQ(acknowledged, 0U);
}

// A source that is silent until the test releases it.
class LateSource final : public runtime::ByteSource {
 public:
  explicit LateSource(std::string bytes) : bytes_(std::move(bytes)) {}

  Task<Result<>> wait_readable() override {
    co_await bytes_come.wait(10s);
    co_return Result<>();
  }
  Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override {
    return bytes_.read(buffer, patience);
  }
  std::optional<std::uint64_t> remaining() const override { return bytes_.remaining(); }
  void cancel(Errc reason) override { bytes_.cancel(reason); }

  runtime::Event bytes_come;

 private:
  ScriptedSource bytes_;
};

Task<> finishes_beside_a_repetition(Engine& engine, Log& log, std::string token,
                                    Result<SnapshotPtr>& repeated) {
  LateSource late("abc");
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto repeat = [](Engine& e, std::string t, LateSource& body,
                         Result<SnapshotPtr>& result) -> Task<> {
    const Piece piece = Range{0, 3, 9};
    result = co_await e.append(t, piece, body);
  };
  group.spawn("repeat", repeat(engine, token, late, repeated));
  ScriptedSource rest("defghi");
  const Piece piece = Range{3, 9, 9};
  EXPECT_TRUE((*co_await engine.append(token, piece, rest))->answer);
  late.bytes_come.set();
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(UploadEngineTest, ARepeatedPieceThatTheEndOfTheFileOvertakesGetsTheAnswer) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  Result<SnapshotPtr> repeated;
  run(finishes_beside_a_repetition(*engine, log, token, repeated));
  ASSERT_TRUE(repeated) << repeated.error().message();
  ASSERT_TRUE((*repeated)->answer);
  EXPECT_EQ((*repeated)->answer->body, "answer 1");
}

Task<> refuses_beside_a_repetition(UploadEngine& engine, Log& log, std::string token,
                                   Result<SnapshotPtr>& repeated) {
  ScriptedSource stalled("ab", Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto repeat = [](Engine& e, std::string t, ScriptedSource& body,
                         Result<SnapshotPtr>& result) -> Task<> {
    const Piece piece = Range{0, 3, 9};
    result = co_await e.append(t, piece, body);
  };
  group.spawn("repeat", repeat(engine, token, stalled, repeated));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  ScriptedSource rest("defghi");
  const Piece piece = Range{3, 9, 9};
  const auto pending = co_await engine.append(token, piece, rest);
  EXPECT_EQ(pending.error().code(), Errc::delivery_pending);
  delivery::Delivery refusal;
  refusal.answer.status = 422;
  EXPECT_TRUE(co_await engine.ledger().answered(token, std::move(refusal)));
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(UploadEngineTest, ARepeatedPieceThatARefusalCutsOffGetsTheAnswer) {
  answers_at_once = false;
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  Result<SnapshotPtr> repeated;
  run(refuses_beside_a_repetition(*engine, log, token, repeated));
  ASSERT_TRUE(repeated) << repeated.error().message();
  ASSERT_TRUE((*repeated)->answer);
  EXPECT_EQ((*repeated)->answer->status, 422);
  EXPECT_EQ(store.blobs.size(), 1U) << "the file waits for the operator";
}

Task<> aborts_while_writing(Engine& engine, Log& log, std::string token) {
  ScriptedSource stalled("abc", Ending::silent);
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto writer = [](Engine& e, std::string t, ScriptedSource& body) -> Task<> {
    const Piece piece = Range{0, 9, 9};
    const auto result = co_await e.append(t, piece, body);
    EXPECT_EQ(result.error().code(), Errc::not_found);
  };
  group.spawn("writer", writer(engine, token, stalled));
  EXPECT_TRUE(co_await stalled.reached_silence.wait(10s));
  EXPECT_TRUE(co_await engine.abort(token));
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(UploadEngineTest, AbortEndsTheWriterFreesTheBytesAndRepeats) {
  const std::string token = create(9);
  run(aborts_while_writing(*engine, log, token));
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_EQ(append(token, "abc", {0, 3, 9}).error().code(), Errc::not_found);
  EXPECT_EQ(status(token).error().code(), Errc::not_found);
  restart();
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_EQ(run(engine->abort("nobody")).error().code(), Errc::not_found);
}

TEST_F(UploadEngineTest, AbortOfAFinishedUploadLeavesItsAnswer) {
  const std::string token = create(3);
  const auto answer = append(token, "abc", {0, 3, 3})->answer;
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_EQ(status(token)->answer, answer);
}

TEST_F(UploadEngineTest, AFailedSyncAcknowledgesNothingEverAfter) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  store.failing_syncs = true;
  EXPECT_EQ(append(token, "def", {3, 6, 9}).error().code(), Errc::storage_failed);
  store.failing_syncs = false;
  EXPECT_EQ(append(token, "def", {3, 6, 9}).error().code(), Errc::storage_failed);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  store.cut_power();
  restart();
  EXPECT_EQ(append(token, "def", {3, 6, 9})->acknowledged, 6U);
}

TEST_F(UploadEngineTest, AStoreThatIsAwayAcknowledgesNothingUntilItIsBack) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  store.failing_syncs = true;
  for (const Errc failure : {Errc::unavailable, Errc::disk_full}) {
    store.failure_of_syncs = failure;
    EXPECT_EQ(append(token, "def", {3, 6, 9}).error().code(), failure);
    EXPECT_EQ(status(token)->acknowledged, 3U);
  }
  store.failing_syncs = false;
  EXPECT_EQ(append(token, "def", {3, 6, 9})->acknowledged, 6U);
  EXPECT_TRUE(append(token, "ghi", {6, 9, 9})->answer);
}

TEST_F(UploadEngineTest, AFailedCommitAcknowledgesNothing) {
  const std::string token = create(9);
  journal.failing = true;
  EXPECT_EQ(append(token, "abc", {0, 3, 9}).error().code(), Errc::storage_failed);
  EXPECT_EQ(status(token)->acknowledged, 0U);
  EXPECT_FALSE(run(engine->create({})));
}

TEST_F(UploadEngineTest, AFullDiskKeepsThePrefixAndGoesOnWhenThereIsRoom) {
  const std::string token = create(9);
  ASSERT_TRUE(append(token, "abc", {0, 3, 9}));
  store.capacity_bytes = 4;
  EXPECT_EQ(append(token, "defghi", {3, 9, 9}).error().code(), Errc::disk_full);
  EXPECT_EQ(status(token)->acknowledged, 3U);
  store.capacity_bytes = 100;
  EXPECT_TRUE(append(token, "defghi", {3, 9, 9})->answer);
}

TEST_F(UploadEngineTest, WhatIsTooLargeOrDoesNotFitIsRefusedAtOnce) {
  EXPECT_EQ(run(engine->create({1001, "a", "", "{}"})).error().code(), Errc::file_too_large);
  store.free_bytes = 500;
  clock.advance(1h);
  restart();
  EXPECT_EQ(run(engine->create({401, "a", "", "{}"})).error().code(), Errc::disk_full);
  EXPECT_TRUE(run(engine->create({400, "a", "", "{}"})));
}

TEST_F(UploadEngineTest, LargeBodiesPassThroughFewBuffers) {
  settings.admission.file_size_max = std::uint64_t{1} << 40U;
  restart();
  std::string bytes(3 * 1024 * 1024 + 17, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 31 + i / 4096);
  }
  const std::string token = create(bytes.size());
  ASSERT_TRUE(append(token, bytes.substr(0, 1'000'000), {0, 1'000'000, bytes.size()}));
  EXPECT_TRUE(append(token, bytes, {0, bytes.size(), bytes.size()})->answer);
  EXPECT_EQ(delivered_bytes, bytes);
  EXPECT_EQ(metrics.buffers_in_use.value(), 0);
}

}  // namespace
}  // namespace sluice::upload
