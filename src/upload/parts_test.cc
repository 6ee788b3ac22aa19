// SPDX-License-Identifier: MIT
// Parts of multi-chunk uploads, in any order and side by side.
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

using Ending = testing::ScriptedSource::Ending;
using runtime::Task;
using testing::ScriptedSource;

class PartsTest : public testing::EngineFixture {
 protected:
  static Piece part(std::uint64_t begin, std::uint64_t end) { return Part{{begin, end}}; }
  Result<Snapshot> send(const std::string& token, std::uint64_t begin, const std::string& bytes) {
    return append(token, bytes, part(begin, begin + bytes.size()));
  }
  std::string stored(const std::string& token) { return status(token)->stored.to_text(); }
};

TEST_F(PartsTest, ComeInAnyOrder) {
  const std::string token = create(9);
  EXPECT_EQ(send(token, 6, "ghi")->stored.to_text(), "6-9");
  EXPECT_EQ(send(token, 0, "abc")->stored.to_text(), "0-3,6-9");
  store.cut_power();
  restart();
  EXPECT_EQ(stored(token), "0-3,6-9");
  EXPECT_TRUE(send(token, 3, "def")->answer);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
  EXPECT_EQ(deliveries, 1);
}

TEST_F(PartsTest, ThatAreSentAgainAreCompared) {
  const std::string token = create(9);
  ASSERT_TRUE(send(token, 6, "ghi"));
  EXPECT_EQ(send(token, 6, "ghi")->stored.to_text(), "6-9");
  const auto other = send(token, 6, "gXi");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Errc::content_mismatch);
  EXPECT_NE(other.error().message().find("offset 7 "), std::string::npos);
  EXPECT_EQ(blob(1).substr(6), "ghi");
}

// In front of a stored part there may be a hole, and the body fills it before it is compared.
TEST_F(PartsTest, OfAnotherFileFillNoHole) {
  for (const Piece& piece : {Piece(WholeFile()), Piece(Range{0}), Piece(part(0, 9))}) {
    const std::string token = create(9);
    ASSERT_TRUE(send(token, 6, "ghi"));
    const auto other = append(token, "xyzxyzxyz", piece);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), Errc::content_mismatch);
    EXPECT_EQ(stored(token), "6-9");
    EXPECT_TRUE(send(token, 0, "abcdef")->answer);
    EXPECT_EQ(delivered_bytes, "abcdefghi");
  }
}

TEST_F(PartsTest, ThatWereInterruptedKeepTheirBytes) {
  const std::string token = create(9);
  ScriptedSource lost("gh", Ending::lost, true, 1);
  EXPECT_EQ(run(engine->append(token, part(6, 9), lost)).error().code(), Errc::closed_by_peer);
  EXPECT_EQ(stored(token), "6-8");
  EXPECT_EQ(send(token, 6, "ghi")->stored.to_text(), "6-9");
}

// 10,000 parts with a byte each would make every further piece write all of that.
TEST_F(PartsTest, OfThoseThatBreakOffOnlySomeAreRemembered) {
  constexpr std::uint64_t parts = 40;
  upload::NewUpload request{parts * 3, "file.mp4", "video/mp4", "{}"};
  request.layout = model::Layout{parts * 3, 3, {}};
  const std::string token = (*run(engine->create(std::move(request))))->token;
  for (std::uint64_t at = 0; at < parts; ++at) {
    ScriptedSource lost("a", Ending::lost, true, 2);
    EXPECT_FALSE(run(engine->append(token, part(at * 3, at * 3 + 3), lost)));
  }
  EXPECT_EQ(status(token)->stored.ranges().size(), limits::broken_parts_kept_max);
  EXPECT_EQ(journal.uploads.at(1).progress.stored.ranges().size(), limits::broken_parts_kept_max);
  for (std::uint64_t at = parts; at > 0; --at) {
    ASSERT_TRUE(send(token, (at - 1) * 3, "abc")) << at;
  }
  EXPECT_EQ(deliveries, 1);
  EXPECT_EQ(delivered_bytes.size(), parts * 3);
}

TEST_F(PartsTest, OfAnotherLengthStoreNothing) {
  const std::string token = create(9);
  for (const char* const bytes : {"de", "defg", ""}) {
    for (const bool size_known : {true, false}) {
      ScriptedSource body(bytes, Ending::end, size_known);
      const auto refused = run(engine->append(token, part(3, 6), body));
      ASSERT_FALSE(refused) << bytes;
      EXPECT_EQ(refused.error().code(), Errc::bad_request);
      EXPECT_NE(refused.error().message().find("has 3 bytes"), std::string::npos);
      EXPECT_EQ(body.bytes_read() == 0, size_known || *bytes == '\0');
      EXPECT_EQ(stored(token), "");
    }
  }
}

TEST_F(PartsTest, OfNoBytesFinishAFileOfNoBytes) {
  const std::string token = create(0);
  EXPECT_TRUE(append(token, "", part(0, 0))->answer);
  EXPECT_EQ(deliveries, 1);
}

TEST_F(PartsTest, ThatWereStoredByACheckpointFinishTheFileWhenTheyAreRepeated) {
  const std::string token = create(6);
  model::UploadProgress progress = journal.uploads.at(1).progress;
  progress.stored.add({0, 6});
  journal.uploads.at(1).progress = progress;
  journal.cover(1, {0, 6});
  store.blobs[1] = {"abcdef", "abcdef"};
  restart();
  EXPECT_TRUE(send(token, 3, "def")->answer);
  EXPECT_EQ(deliveries, 1);
}

TEST_F(PartsTest, AreComparedByHalvesOfABufferAndWrittenByWholeOnes) {
  settings.admission.file_size_max = std::uint64_t{1} << 30U;
  restart();
  const std::string half(limits::buffer_bytes / 2 + 1, 'a');
  const std::string token = create(2 * half.size());
  ASSERT_TRUE(send(token, half.size(), half));
  EXPECT_EQ(send(token, half.size(), half)->stored.total(), half.size());
  EXPECT_TRUE(send(token, 0, half)->answer);
  EXPECT_EQ(delivered_bytes, half + half);
}

TEST_F(PartsTest, RunSideBySideAndANewerRequestTakesItsPartOver) {
  const std::string token = create(9);
  auto stalled = std::make_unique<ScriptedSource>("gh", Ending::silent, true, 1);
  auto other = std::make_unique<ScriptedSource>("a", Ending::silent, true, 2);
  std::optional<Result<SnapshotPtr>> first;
  std::optional<Result<SnapshotPtr>> second;
  const auto keep = [](Task<Result<SnapshotPtr>> request,
                       std::optional<Result<SnapshotPtr>>& outcome) -> Task<> {
    outcome = co_await std::move(request);
  };
  const auto executor = context.get_executor();
  runtime::start(executor, log, "first", keep(engine->append(token, part(6, 9), *stalled), first));
  runtime::start(executor, log, "second", keep(engine->append(token, part(0, 3), *other), second));
  run(stalled->reached_silence.wait(std::chrono::seconds(10)));
  run(other->reached_silence.wait(std::chrono::seconds(10)));
  EXPECT_EQ(send(token, 3, "def")->stored.to_text(), "3-6");
  EXPECT_FALSE(first || second) << "nobody is cut off for another part";
  EXPECT_EQ(send(token, 6, "ghi")->stored.to_text(), "3-9");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->error().code(), Errc::taken_over);
  EXPECT_FALSE(second);
  EXPECT_TRUE(send(token, 0, "abc")->answer);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->error().code(), Errc::taken_over);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
}

}  // namespace
}  // namespace sluice::upload
