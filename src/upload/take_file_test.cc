// SPDX-License-Identifier: MIT
// Files that come without a session.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/limits.h"
#include "support/engine_fixture.h"
#include "support/scripted_source.h"

namespace sluice::upload {
namespace {

using namespace std::chrono_literals;
using Ending = testing::ScriptedSource::Ending;
using model::UploadState;
using testing::ScriptedSource;

// The file's identity as the test sets it; calls `look` when it is asked.
class ScriptedIdentity final : public FileIdentity {
 public:
  runtime::Task<Result<NewUpload>> identify(std::uint64_t file_size) override {
    asked_about = file_size;
    if (look) {
      look();
    }
    if (refusal) {
      co_return fail(*refusal, "refused on purpose");
    }
    co_return answer;
  }

  NewUpload answer{0, "film.mp4", "video/mp4", R"({"payload":"p"})"};
  std::optional<Errc> refusal;
  std::optional<std::uint64_t> asked_about;
  std::function<void()> look;
};

class TakeFileTest : public testing::EngineFixture {
 protected:
  TakeFileTest() {
    store.free_bytes = 1000;
    restart();
  }

  Result<Snapshot> take(ScriptedSource& body, std::uint64_t most = 20) {
    NewUpload outline = outline_;
    outline.announced = most;
    return value_of(run(engine->take_file(std::move(outline), body, identity)));
  }
  Result<Snapshot> take(const std::string& bytes, std::uint64_t most = 20) {
    ScriptedSource body(bytes);
    return take(body, most);
  }
  template <class T>
  static Errc code_of(const Result<T>& result) {
    return result ? Errc::internal : result.error().code();
  }
  void expect_nothing_left() {
    EXPECT_TRUE(journal.uploads.empty());
    EXPECT_TRUE(store.blobs.empty());
    EXPECT_EQ(deliveries, 0);
  }
  // All promised room and every place is free again.
  void expect_room(std::uint64_t bytes) {
    NewUpload all{bytes, "a", "", "{}"};
    EXPECT_TRUE(run(engine->create(all)));
    NewUpload more{1, "a", "", "{}"};
    const auto refused = run(engine->create(more));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Errc::disk_full);
  }

  runtime::Task<> expect_broken(runtime::ByteSource& body) {
    NewUpload outline;
    outline.announced = 20;
    const auto taken = co_await engine->take_file(std::move(outline), body, identity);
    EXPECT_EQ(code_of(taken), Errc::closed_by_peer);
  }

  NewUpload outline_;
  ScriptedIdentity identity;
};

TEST_F(TakeFileTest, BecomesTheCompleteUploadThatItsIdentitySays) {
  identity.answer.owner = "ann";
  identity.answer.origin = R"({"address":"1.2.3.4"})";
  answers_at_once = false;
  const auto taken = take("abcdefghi");
  ASSERT_TRUE(taken) << taken.error().message();
  EXPECT_EQ(identity.asked_about, 9U);
  EXPECT_EQ(taken->file_size, 9U);
  const model::UploadRecord& record = journal.uploads.at(1);
  EXPECT_EQ(record.file_name + record.content_type + record.owner, "film.mp4video/mp4ann");
  EXPECT_EQ(record.parameters + record.origin, R"({"payload":"p"}{"address":"1.2.3.4"})");
  EXPECT_EQ(record.progress.file_size, 9U);
  answer_now(taken->token);
  const auto answered = append(taken->token, "", Range{0, 0});
  ASSERT_TRUE(answered && answered->answer);
  EXPECT_EQ(answered->answer->body, "answer 1");
  EXPECT_EQ(delivered_bytes, "abcdefghi");
  EXPECT_EQ(record.progress.state, UploadState::delivered);
  restart();
  EXPECT_EQ(status(taken->token)->answer, answered->answer);
}

TEST_F(TakeFileTest, IsNotChangedByWhatAnotherNodeHasReadBeforeItsEnd) {
  // As a node that is stopped while it reaps the row of the file that is still on its way.
  journal::UpdateUpload late;
  identity.look = [&] {
    const auto& [id, record] = *journal.uploads.begin();
    late = {.id = id, .progress = record.progress};
    late.progress.state = UploadState::expired;
  };
  answers_at_once = false;
  EXPECT_TRUE(take("abc"));
  EXPECT_EQ(code_of(run(journal.commit({late}))), Errc::conflict);
  EXPECT_EQ(journal.uploads.begin()->second.progress.state, UploadState::received);
}

// As on a node that was stopped for longer than such a file may take.
TEST_F(TakeFileTest, LeavesNoBytesWhenAnotherNodeHasForgottenIt) {
  journal.shared = true;
  store.late_bytes = 20min;
  identity.look = [this] { journal.uploads.clear(); };
  EXPECT_FALSE(take("abc"));
  EXPECT_FALSE(store.blobs.contains(1));
}

TEST_F(TakeFileTest, IsRefusedWhenAnotherNodeHasEndedIt) {
  journal.shared = true;
  identity.look = [this] {
    model::UploadProgress& progress = journal.uploads.at(1).progress;
    progress.state = UploadState::expired;
    ++progress.version;
    std::ignore =
        status(journal.uploads.at(1).token);  // This node reads of it before the file's end.
  };
  const auto taken = take("abc");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::not_found);
  EXPECT_EQ(deliveries, 0);
}

TEST_F(TakeFileTest, IsDurableBeforeAnybodyHearsOfIt) {
  answers_at_once = false;
  const auto taken = take("abcdefghi");
  ASSERT_TRUE(taken);
  store.cut_power();
  EXPECT_EQ(blob(1), "abcdefghi");
  EXPECT_EQ(journal.uploads.at(1).progress.state, UploadState::received);
  EXPECT_EQ(journal.uploads.at(1).progress.stored.to_text(), "0-9");
}

TEST_F(TakeFileTest, IsNobodysUntilItsEnd) {
  identity.answer.owner = "ann";
  identity.look = [this] {
    const model::UploadRecord& record = journal.uploads.at(1);
    EXPECT_EQ(record.owner + record.file_name, "");
    EXPECT_EQ(record.progress.file_size, std::nullopt);
    EXPECT_EQ(record.file_size_max, 20U);
    EXPECT_EQ(record.progress.state, UploadState::receiving);
    EXPECT_TRUE(record.progress.stored.empty());
    EXPECT_EQ(store.blobs.at(1).durable, "abcdefghi");
  };
  EXPECT_TRUE(take("abcdefghi"));
}

TEST_F(TakeFileTest, MayHaveNoBytes) {
  const auto taken = take("", 0);
  ASSERT_TRUE(taken) << taken.error().message();
  EXPECT_EQ(identity.asked_about, 0U);
  EXPECT_EQ(deliveries, 1);
  EXPECT_TRUE(take("", 20)) << "where more could have come";
}

TEST_F(TakeFileTest, LeavesNothingWhenItIsRefused) {
  identity.refusal = Errc::not_authorized;
  EXPECT_EQ(code_of(take("abcdefghi")), Errc::not_authorized);
  expect_nothing_left();
  expect_room(900);
}

TEST_F(TakeFileTest, LeavesNothingWhenItBreaksOff) {
  for (const char* const bytes : {"", "abc"}) {
    ScriptedSource lost(bytes, Ending::lost);
    EXPECT_EQ(code_of(take(lost)), Errc::closed_by_peer);
    EXPECT_FALSE(identity.asked_about);
    expect_nothing_left();
  }
  expect_room(900);
}

TEST_F(TakeFileTest, OfMoreBytesThanWereExpectedIsTooLarge) {
  EXPECT_EQ(code_of(take("abcdefghi", 8)), Errc::file_too_large);
  EXPECT_FALSE(identity.asked_about);
  EXPECT_EQ(code_of(take("a", 0)), Errc::file_too_large);
  expect_nothing_left();
  EXPECT_TRUE(take("abcdefghi", 9));
}

TEST_F(TakeFileTest, IsJudgedByTheLimitsOfItsOwnerToo) {
  identity.answer.file_size_max = 8;
  EXPECT_EQ(code_of(take("abcdefghi")), Errc::file_too_large);
  expect_nothing_left();
  EXPECT_TRUE(take("abcdefgh"));
}

TEST_F(TakeFileTest, UsesItsSignatureUpAtTheEnd) {
  identity.answer.use = journal::UseSignature{"digest", {}, {}};
  ScriptedSource lost("abc", Ending::lost);
  EXPECT_FALSE(take(lost));
  EXPECT_TRUE(take("abc"));
  EXPECT_EQ(code_of(take("abc")), Errc::not_authorized);
  EXPECT_EQ(journal.uploads.size(), 1U);
  EXPECT_TRUE(store.blobs.empty()) << "the first is the backend's, the second was removed";
}

TEST_F(TakeFileTest, UsesASignatureUpThatIsKnownBeforeAtItsBeginning) {
  outline_.use = journal::UseSignature{"digest", {}, {}};
  EXPECT_TRUE(take("abc"));
  identity.asked_about.reset();
  ScriptedSource again("abc");
  EXPECT_EQ(code_of(take(again)), Errc::not_authorized);
  EXPECT_EQ(again.bytes_read(), 0U);
  EXPECT_FALSE(identity.asked_about);
  EXPECT_EQ(journal.uploads.size(), 1U);
}

TEST_F(TakeFileTest, ThatIsTooLargeForTheDiskIsNotRead) {
  ScriptedSource body("abc");
  EXPECT_EQ(code_of(take(body, 901)), Errc::disk_full);
  EXPECT_EQ(code_of(take(body, 1001)), Errc::file_too_large);
  EXPECT_EQ(body.bytes_read(), 0U);
  expect_nothing_left();
}

TEST_F(TakeFileTest, GivesBackTheRoomThatItDidNotNeed) {
  EXPECT_TRUE(take("abcdefghi", 900));
  expect_room(900);
}

TEST_F(TakeFileTest, DoesNotExpireWhileItIsOnItsWay) {
  ScriptedSource body("abc", Ending::silent);
  bool done = false;
  std::exception_ptr exception;
  testing::start_in(context, expect_broken(body), done, exception);
  run(body.reached_silence.wait(10s));
  clock.advance(30h);
  EXPECT_TRUE(run(engine->reaper().reap()));
  ASSERT_EQ(journal.uploads.size(), 1U);
  EXPECT_EQ(journal.uploads.at(1).progress.state, UploadState::receiving);
  body.cancel(Errc::closed_by_peer);
  testing::drive(context, done);
  EXPECT_FALSE(exception);
  expect_nothing_left();
}

TEST_F(TakeFileTest, WhatACrashLeavesIsReaped) {
  auto uploads_at_crash = journal.uploads;
  auto blobs_at_crash = store.blobs;
  identity.look = [&] {
    uploads_at_crash = journal.uploads;
    blobs_at_crash = store.blobs;
  };
  identity.refusal = Errc::not_authorized;
  EXPECT_FALSE(take("abc"));
  journal.uploads = uploads_at_crash;
  store.blobs = blobs_at_crash;
  restart();
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_EQ(journal.uploads.size(), 1U);
  clock.advance(limits::unidentified_file_life);
  EXPECT_TRUE(run(engine->reaper().reap()));
  expect_nothing_left();
  expect_room(900);
}

TEST_F(TakeFileTest, IsLeftToTheReaperWhereItCannotBeRemoved) {
  identity.look = [this] { journal.full = true; };
  EXPECT_EQ(code_of(take("abc")), Errc::disk_full);
  EXPECT_EQ(journal.uploads.size(), 1U);
  journal.full = false;
  clock.advance(limits::unidentified_file_life);
  EXPECT_TRUE(run(engine->reaper().reap()));
  expect_nothing_left();
  expect_room(900);
}

// Only the next start can read whether the file has become an upload.
TEST_F(TakeFileTest, KeepsItsBytesWhenTheJournalFails) {
  identity.look = [this] { journal.failing = true; };
  EXPECT_EQ(code_of(take("abc")), Errc::storage_failed);
  EXPECT_EQ(store.blobs.at(1).durable, "abc");
}

TEST_F(TakeFileTest, KeepsItsBytesWhereItMayHaveBecomeAnUploadForOthers) {
  journal.shared = true;
  identity.look = [this] { journal.replies_to_lose = 1; };
  EXPECT_EQ(code_of(take("abc")), Errc::storage_failed);
  EXPECT_EQ(journal.uploads.at(1).progress.state, model::UploadState::received);
  EXPECT_EQ(store.blobs.at(1).durable, "abc");
}

TEST_F(TakeFileTest, OfWhichBytesMayComeLateIsForgottenLater) {
  store.late_bytes = std::chrono::minutes(20);
  identity.refusal = Errc::not_authorized;
  EXPECT_EQ(code_of(take("abc")), Errc::not_authorized);
  EXPECT_TRUE(store.blobs.empty());
  store.blobs[1].bytes = "late";
  EXPECT_TRUE(run(engine->reaper().reap()));
  EXPECT_EQ(journal.uploads.size(), 1U);
  clock.advance(store.late_bytes);
  EXPECT_TRUE(run(engine->reaper().reap()));
  expect_nothing_left();
  expect_room(900);
}

TEST_F(TakeFileTest, IsAnnouncedOnceItIsKnown) {
  class Listener final : public Announcer {
   public:
    std::vector<journal::Change> announcements(
        const model::UploadRecord& record, const model::UploadProgress* before,
        const model::UploadProgress& /*after*/) const override {
      heard.push_back((before == nullptr ? "created " : "changed ") + record.file_name);
      return {};
    }
    void announced() override {}
    mutable std::vector<std::string> heard;
  };
  Listener listener;
  EngineParts parts{journal, store, answers, listener, buffers, clock, metrics, log};
  engine = std::make_unique<UploadEngine>(parts, *this, settings, *run(journal.promises()));
  answers_at_once = false;
  EXPECT_TRUE(take("abc"));
  identity.refusal = Errc::not_authorized;
  EXPECT_FALSE(take("abc"));
  EXPECT_EQ(listener.heard, (std::vector<std::string>{"created film.mp4"}));
  engine.reset();
}

}  // namespace
}  // namespace sluice::upload
