// SPDX-License-Identifier: MIT
// The engine between its clients and a hand-off that takes long, fails or is given up.
#include <gtest/gtest.h>

#include <array>
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
using model::UploadState;
using runtime::Task;

class HandoffTest : public testing::EngineFixture {
 protected:
  HandoffTest() { answers_at_once = false; }

  // A complete file of three bytes that waits for its hand-off.
  std::string received() {
    const std::string token = create(3);
    EXPECT_EQ(append(token, "abc", {0, 3, 3}).error().code(), Errc::delivery_pending);
    return token;
  }
  std::string failed() {
    const std::string token = received();
    engine->ledger().began(token);
    EXPECT_TRUE(run(engine->ledger().gave_up(token, 3, "it answered 500")));
    return token;
  }
  Result<> answer(const std::string& token, int status, std::uint64_t spilled_bytes = 0) {
    delivery::Delivery delivery;
    delivery.answer.status = status;
    delivery.answer.spilled_bytes = spilled_bytes;
    return run(engine->ledger().answered(token, std::move(delivery)));
  }
};

TEST_F(HandoffTest, AGivenUpUploadSaysWhyAndWithholdsItsLastByte) {
  const std::string token = failed();
  for (int start = 0; start < 2; ++start) {
    const auto repeated = append(token, "c", {2, 3, 3});
    for (const auto& heard : {status(token), repeated}) {
      ASSERT_TRUE(heard);
      EXPECT_EQ(heard->state, UploadState::failed);
      EXPECT_EQ(heard->failure, "it answered 500");
      EXPECT_EQ(heard->acknowledged, 2U);
      EXPECT_FALSE(heard->answer);
    }
    EXPECT_EQ(blob(1), "abc");
    restart();
  }
}

Task<> waits_until_given_up(UploadEngine& engine, Log& log, std::string token,
                            Result<SnapshotPtr>& heard) {
  runtime::TaskGroup group(co_await boost::asio::this_coro::executor, log);
  const auto client = [](Engine& e, std::string t, Result<SnapshotPtr>& result) -> Task<> {
    testing::ScriptedSource body("abc");
    const Piece piece = Range{0, 3, 3};
    result = co_await e.append(t, piece, body);
  };
  group.spawn("client", client(engine, token, heard));
  while ((*co_await engine.status(token))->state == UploadState::receiving) {
    co_await runtime::sleep_for(1ms);
  }
  EXPECT_TRUE(co_await engine.ledger().gave_up(token, 1, "no"));
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(HandoffTest, AClientThatWaitsHearsOfTheEnd) {
  settings.answer_wait = 1h;
  restart();
  Result<SnapshotPtr> heard = fail(Errc::internal);
  run(waits_until_given_up(*engine, log, create(3), heard));
  ASSERT_TRUE(heard) << heard.error().message();
  EXPECT_EQ((*heard)->failure, "no");
}

TEST_F(HandoffTest, WhatComesWithTheAnswerIsCommittedWithIt) {
  const std::string token = received();
  model::VideoRecord video;
  video.id = "v";
  delivery::Delivery delivery;
  delivery.answer.status = 200;
  delivery.blob_taken = true;
  delivery.changes = {journal::PutVideo{video}};
  journal.full = true;
  EXPECT_FALSE(run(engine->ledger().answered(token, delivery)));
  EXPECT_FALSE(journal.videos.contains("v"));
  EXPECT_FALSE(journal.uploads.at(1).progress.answer);
  journal.full = false;
  const std::size_t commits = journal.commits;
  EXPECT_TRUE(run(engine->ledger().answered(token, delivery)));
  EXPECT_EQ(journal.commits, commits + 1);
  EXPECT_TRUE(journal.videos.contains("v"));
  EXPECT_TRUE(journal.uploads.at(1).progress.answer);

  // The first answer stays, and a later one changes nothing.
  video.id = "w";
  delivery.changes = {journal::PutVideo{video}};
  delivery.answer.status = 404;
  EXPECT_TRUE(run(engine->ledger().answered(token, delivery)));
  EXPECT_FALSE(journal.videos.contains("w"));
  EXPECT_EQ(journal.uploads.at(1).progress.answer->status, 200);
}

TEST_F(HandoffTest, RetryBeginsAnotherRound) {
  const std::string token = failed();
  const auto retried = run(engine->operations().retry(1));
  ASSERT_TRUE(retried) << retried.error().message();
  EXPECT_EQ((*retried)->state, UploadState::received);
  EXPECT_EQ(deliveries, 2);
  EXPECT_EQ(append(token, "c", {2, 3, 3}).error().code(), Errc::delivery_pending);
  EXPECT_TRUE(answer(token, 200));
  EXPECT_EQ(append(token, "c", {2, 3, 3})->answer->status, 200);
}

TEST_F(HandoffTest, TheOperatorDecidesWhatIsSetAside) {
  const std::string token = received();
  EXPECT_EQ(run(engine->operations().release(1)).error().code(), Errc::bad_request);
  EXPECT_EQ(run(engine->operations().refuse(1, "no")).error().code(), Errc::bad_request);
  EXPECT_EQ(run(engine->operations().release(2)).error().code(), Errc::not_found);
  EXPECT_TRUE(run(engine->ledger().set_aside(token, "odd")));
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(run(engine->reaper().reap()));
    EXPECT_EQ(blob(1), "abc");
    const auto asked = append(token, "c", {2, 3, 3});
    EXPECT_EQ(asked.error().code(), Errc::delivery_pending);
    EXPECT_EQ(asked.error().message().find("odd"), std::string::npos) << "words for the operator";
    EXPECT_EQ(run(engine->operations().find(1))->record.progress.failure, "odd");
    restart();
  }
  deliveries = 0;
  const auto released = run(engine->operations().release(1));
  ASSERT_TRUE(released) << released.error().message();
  EXPECT_TRUE(released->record.progress.is_cleared);
  EXPECT_EQ(deliveries, 1);
  EXPECT_EQ(run(engine->operations().release(1)).error().code(), Errc::bad_request);
  EXPECT_TRUE(answer(token, 200));
  EXPECT_EQ(append(token, "c", {2, 3, 3})->answer->status, 200);
}

TEST_F(HandoffTest, TheOperatorRefusesWhatIsSetAside) {
  const std::string token = received();
  EXPECT_TRUE(run(engine->ledger().set_aside(token, "odd")));
  const auto refused = run(engine->operations().refuse(1, "not wanted"));
  ASSERT_TRUE(refused) << refused.error().message();
  EXPECT_EQ(refused->record.progress.state, UploadState::refused);
  EXPECT_EQ(deliveries, 1);
  for (int start = 0; start < 2; ++start) {
    const auto asked = append(token, "c", {2, 3, 3});
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->answer->status, 422);
    EXPECT_NE(asked->answer->body.find("not wanted"), std::string::npos);
    restart();
  }
}

Task<> keeps(Task<Result<UploadView>> decision, std::optional<Result<UploadView>>& result) {
  result = co_await std::move(decision);
}

// The second decision is made while the first is on its way to the journal.
Task<> decides_twice(testing::MemoryJournal& journal, Log& log, Task<Result<UploadView>> first,
                     Task<Result<UploadView>> second,
                     std::array<std::optional<Result<UploadView>>, 2>& results) {
  const auto executor = co_await boost::asio::this_coro::executor;
  runtime::TaskGroup group(executor, log);
  group.spawn("first", keeps(std::move(first), results[0]));
  while (journal.at_gate == 0) {
    co_await boost::asio::post(executor, boost::asio::deferred);
  }
  group.spawn("second", keeps(std::move(second), results[1]));
  for (int turn = 0; turn < 10; ++turn) {
    co_await boost::asio::post(executor, boost::asio::deferred);
  }
  journal.gate->set();
  EXPECT_TRUE(co_await group.wait(10s));
}

TEST_F(HandoffTest, OfTwoOperatorsWhoDecideAtOnceTheFirstCounts) {
  for (const bool is_released : {true, false}) {
    const std::string token = received();
    const std::uint64_t id = journal.uploads.rbegin()->first;
    EXPECT_TRUE(run(engine->ledger().set_aside(token, "odd")));
    deliveries = 0;
    journal.gate = std::make_shared<runtime::Event>();
    journal.at_gate = 0;
    std::array<std::optional<Result<UploadView>>, 2> results;
    Operations& operations = engine->operations();
    auto release = operations.release(id);
    auto refuse = operations.refuse(id, "no");
    run(is_released ? decides_twice(journal, log, std::move(release), std::move(refuse), results)
                    : decides_twice(journal, log, std::move(refuse), std::move(release), results));
    journal.gate.reset();
    ASSERT_TRUE(results[0] && results[1]);
    EXPECT_TRUE(*results[0]);
    EXPECT_EQ(results[1]->error().code(), Errc::bad_request);
    EXPECT_NE(results[1]->error().message().find(is_released ? "is received" : "is refused"),
              std::string::npos)
        << results[1]->error().message();
    EXPECT_EQ(journal.uploads.at(id).progress.state,
              is_released ? UploadState::received : UploadState::refused);
    EXPECT_EQ(deliveries, is_released ? 1 : 0);
  }
}

TEST_F(HandoffTest, WhatIsSetAsideIsKeptForItsTimeAndNoLonger) {
  EXPECT_TRUE(run(engine->ledger().set_aside(received(), "odd")));
  clock.advance(settings.expiry.failed - 1s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_EQ(blob(1), "abc");
  clock.advance(2s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_TRUE(store.blobs.empty());
}

TEST_F(HandoffTest, RetryAfterARestartFindsTheUploadByItsNumber) {
  (void)failed();
  restart();
  EXPECT_TRUE(run(engine->operations().retry(1)));
  EXPECT_EQ(journal.uploads.at(1).progress.state, UploadState::received);
  EXPECT_EQ(journal.uploads.at(1).progress.failure, "");
}

TEST_F(HandoffTest, RetryHurriesAHandoffThatGoesOn) {
  received();
  EXPECT_TRUE(run(engine->operations().retry(1)));
  EXPECT_EQ(hurried, std::vector<std::uint64_t>{1});
  EXPECT_EQ(deliveries, 1);
}

TEST_F(HandoffTest, RetryRefusesWhatHasNotFailed) {
  create(3);
  EXPECT_EQ(run(engine->operations().retry(1)).error().code(), Errc::bad_request);
  EXPECT_EQ(run(engine->operations().retry(2)).error().code(), Errc::not_found);
  const std::string token = received();
  EXPECT_TRUE(answer(token, 200));
  EXPECT_EQ(run(engine->operations().retry(2)).error().code(), Errc::bad_request);
  EXPECT_EQ(status(token)->answer->status, 200);
}

TEST_F(HandoffTest, ARefusedFileStaysAndEveryRepeatGetsTheRefusal) {
  const std::string token = received();
  EXPECT_TRUE(answer(token, 404));
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(run(engine->reaper().reap()));
    EXPECT_EQ(blob(1), "abc");
    EXPECT_EQ(append(token, "c", {2, 3, 3})->answer->status, 404);
    EXPECT_TRUE(run(engine->abort(token)));
    EXPECT_EQ(status(token)->answer->status, 404);
    restart();
  }
}

TEST_F(HandoffTest, ARetryOfARefusedUploadReplacesTheAnswer) {
  const std::string token = received();
  EXPECT_TRUE(answer(token, 404));
  restart();
  const auto retried = run(engine->operations().retry(1));
  ASSERT_TRUE(retried) << retried.error().message();
  EXPECT_EQ((*retried)->state, UploadState::received);
  EXPECT_EQ(deliveries, 2);
  EXPECT_EQ(append(token, "c", {2, 3, 3}).error().code(), Errc::delivery_pending);
  EXPECT_FALSE(status(token)->answer);
  answer_now(token);
  EXPECT_EQ(delivered_bytes, "abc");
  EXPECT_EQ(append(token, "c", {2, 3, 3})->answer->status, 200);
}

TEST_F(HandoffTest, ARefusedFileIsKeptForItsTimeAndNoLonger) {
  settings.expiry.refused = 2h;
  restart();
  const std::string token = received();
  EXPECT_TRUE(answer(token, 422));
  clock.advance(2h - 1s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_EQ(blob(1), "abc");
  clock.advance(2s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_TRUE(journal.uploads.empty());
}

TEST_F(HandoffTest, RetryAllTakesEachRefusedAndFailedUploadOnce) {
  const std::string before = received();
  EXPECT_TRUE(answer(before, 404));
  clock.advance(1h);
  const Timestamp since = clock.now();
  const std::size_t count = limits::deliveries_page_count + 3;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string token = received();
    EXPECT_TRUE(i % 2 == 0 ? answer(token, 404) : run(engine->ledger().gave_up(token, 1, "no")));
  }
  EXPECT_TRUE(answer(received(), 200));
  received();
  clock.advance(1s);
  deliveries = 0;
  std::size_t retried = 0;
  std::optional<RetryRange> range = RetryRange{{since, 0}};
  for (int pages = 1; range; ++pages) {
    ASSERT_LE(pages, 2);
    const auto page = run(engine->operations().retry_all(*range));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->failed, 0U);
    retried += page->retried;
    range = page->next;
    // An upload that is refused again at once comes in no later page.
    EXPECT_TRUE(answer(journal.uploads.at(2).token, 404));
  }
  EXPECT_EQ(retried, count);
  EXPECT_EQ(deliveries, static_cast<int>(count));
  EXPECT_EQ(status(before)->answer->status, 404);
}

TEST_F(HandoffTest, AFailedUploadIsKeptForItsTimeAndNoLonger) {
  const std::string token = failed();
  clock.advance(settings.expiry.failed - 1s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_EQ(blob(1), "abc");
  EXPECT_TRUE(run(engine->abort(token)));
  EXPECT_EQ(status(token)->state, UploadState::failed) << "a client cannot throw it away";
  clock.advance(2s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_TRUE(store.blobs.empty());
  EXPECT_TRUE(journal.uploads.empty());
  EXPECT_EQ(status(token).error().code(), Errc::not_found);
}

TEST_F(HandoffTest, ClientsBeyondTheBoundAreToldAtOnceToComeAgain) {
  settings.answer_wait = 1h;
  settings.answer_waiters_max = 0;
  restart();
  const std::string token = create(3);
  EXPECT_EQ(append(token, "abc", {0, 3, 3}).error().code(), Errc::delivery_pending);
  EXPECT_TRUE(answer(token, 200));
  EXPECT_EQ(append(token, "c", {2, 3, 3})->answer->status, 200) << "an answer needs no waiting";
}

TEST_F(HandoffTest, ALargeAnswerIsReadFromItsFileUntilTheUploadIsForgotten) {
  const std::string token = received();
  {
    const auto file = answers.create(1);
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->append(as_bytes("a large answer")));
    EXPECT_TRUE((*file)->finish());
  }
  EXPECT_TRUE(answer(token, 200, 14));
  restart();
  const auto snapshot = status(token);
  ASSERT_TRUE(snapshot && snapshot->answer);
  const auto source = run(engine->open_answer(1, *snapshot->answer));
  ASSERT_TRUE(source);
  std::array<std::byte, 64> buffer{};
  EXPECT_EQ(run((*source)->read(buffer, 1ms)), 14U);
  EXPECT_EQ(as_text(Bytes(buffer).first(14)), "a large answer");
  clock.advance(settings.expiry.finished + 1s);
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_FALSE(run(engine->open_answer(1, *snapshot->answer)));
  EXPECT_FALSE(store.files.contains("answers/1"));
}

}  // namespace
}  // namespace sluice::upload
