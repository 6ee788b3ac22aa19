// SPDX-License-Identifier: MIT
// The promises of store.h, for each implementation.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "store/local/local_files.h"
#include "store/local/local_store.h"
#include "store/objects/object_files.h"
#include "support/extent_world.h"

namespace sluice::store {
namespace {

using sluice::testing::ExtentWorld;
using sluice::testing::run_in;
using sluice::testing::ScriptedSource;

constexpr std::uint64_t id = 0x1ab;

RangeSet ranges(const std::vector<ByteRange>& some) {
  RangeSet set;
  for (const ByteRange& range : some) {
    set.add(range);
  }
  return set;
}

// Bytes that differ from place to place.
std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& character : text) {
    state = state * 1'664'525U + 1'013'904'223U;
    character = static_cast<char>(state >> 24U);
  }
  return text;
}

class StoreContract : public ::testing::TestWithParam<const char*> {
 protected:
  StoreContract() { restart(); }

  bool is_local() const { return GetParam() == std::string("Local"); }
  Store& store() { return is_local() ? static_cast<Store&>(*local_) : *world_.store; }
  NamedFiles& files() { return is_local() ? static_cast<NamedFiles&>(*local_files_) : *files_; }
  void restart() {
    world_.restart();
    files_ = std::make_unique<objects::ObjectFiles>(world_.store->tools(),
                                                    world_.context.get_executor());
    local_files_ = std::make_unique<local::LocalFiles>(disk_, world_.pool, directory_.path(),
                                                       Durability::commit);
    local_ = std::make_unique<local::LocalStore>(
        disk_, world_.pool, world_.buffers, directory_.path(), Durability::commit, world_.metrics);
  }
  template <class T>
  T run(runtime::Task<T> task) {
    return run_in(world_.context, std::move(task));
  }

  std::unique_ptr<Blob> open(std::uint64_t upload, std::uint64_t size,
                             std::uint64_t stored_end = 0) {
    return store().open({upload, size, stored_end});
  }
  // Until the range is filled, or nothing more comes.
  Received receive(Blob& blob, ByteRange range, ScriptedSource& source,
                   AtEnd at_end = AtEnd::goes_on) {
    Received all;
    while (!range.empty() && all.outcome) {
      const Received some = run(blob.receive(range, source, at_end));
      all.bytes += some.bytes;
      all.outcome = some.outcome;
      range.begin += some.bytes;
      if (some.bytes == 0) {
        break;
      }
    }
    return all;
  }
  Received write(Blob& blob, std::uint64_t offset, const std::string& text,
                 AtEnd at_end = AtEnd::goes_on) {
    ScriptedSource source(text);
    return receive(blob, {offset, offset + text.size()}, source, at_end);
  }
  // As the engine does: the bytes are stored then.
  Result<> settle(Blob& blob, ByteRange range, std::uint64_t upload = id) {
    auto extents = run(blob.settle(ranges({range}), {}));
    if (!extents) {
      return fail(extents.error());
    }
    RangeSet covered;
    for (const model::Extent& extent : *extents) {
      covered.add(extent.range);
    }
    EXPECT_EQ(covered, is_local() ? RangeSet() : ranges({range})) << "of these bytes alone";
    return world_.commit(upload, *std::move(extents));
  }
  void put(std::uint64_t upload, const std::string& text) {
    const auto blob = open(upload, text.size());
    ASSERT_EQ(write(*blob, 0, text).bytes, text.size());
    ASSERT_TRUE(settle(*blob, {0, text.size()}, upload));
  }
  std::string read(std::uint64_t size, std::uint64_t begin = 0, std::uint64_t upload = id) {
    const auto source = run(store().read_finished(upload, size, begin));
    return source ? drain(**source) : "failed: " + source.error().message();
  }
  std::string kept(const std::string& name, std::uint64_t size) {
    const auto source = run(files().read(name, size, {0, size}));
    return source ? drain(**source) : "failed: " + source.error().message();
  }
  std::string drain(runtime::ByteSource& source) {
    std::string text;
    std::vector<std::byte> buffer(100'000);
    for (;;) {
      const Result<std::size_t> count = run(source.read(buffer, Duration(1)));
      EXPECT_TRUE(count) << count.error().message();
      if (!count || *count == 0) {
        return text;
      }
      text += as_text(Bytes(buffer).first(*count));
    }
  }
  Errc refusal(std::uint64_t size, std::uint64_t upload = id) {
    const auto file = run(store().open_finished(upload, size));
    return file ? Errc::closed_by_peer : file.error().code();
  }

 private:
  sluice::testing::TemporaryDataDirectory directory_;
  sluice::testing::RecordingDisk disk_{directory_.path() + "/uploads"};
  ExtentWorld world_;
  std::unique_ptr<local::LocalStore> local_;
  std::unique_ptr<local::LocalFiles> local_files_;
  std::unique_ptr<objects::ObjectFiles> files_;
};

TEST_P(StoreContract, WhatWasSettledIsThereForEachThatOpensIt) {
  {
    const auto blob = open(id, 100);
    EXPECT_EQ(write(*blob, 0, "hello ").bytes, 6U);
    EXPECT_EQ(write(*blob, 6, "world").bytes, 5U);
    EXPECT_TRUE(settle(*blob, {0, 11}));
    EXPECT_EQ(run(blob->count_equal(3, as_bytes("lo world"))), 8U);
  }
  restart();
  EXPECT_EQ(run(open(id, 100, 11)->count_equal(3, as_bytes("lo world"))), 8U);
  EXPECT_EQ(read(11), "hello world");
}

TEST_P(StoreContract, ReceivesTheFrontOfARangeAndNotMore) {
  const auto blob = open(id, 100);
  EXPECT_EQ(write(*blob, 0, "abc").bytes, 3U);
  ScriptedSource longer("defghi");
  EXPECT_EQ(receive(*blob, {3, 5}, longer).bytes, 2U);
  ScriptedSource shorter("f");
  EXPECT_EQ(receive(*blob, {5, 9}, shorter).bytes, 1U);
  ScriptedSource ended("");
  const Received none = receive(*blob, {6, 9}, ended);
  EXPECT_TRUE(none.outcome && none.bytes == 0);
  ScriptedSource lost("gh", ScriptedSource::Ending::lost);
  const Received broken = receive(*blob, {6, 9}, lost);
  EXPECT_EQ(broken.bytes, 2U) << "what was written before stays";
  ASSERT_FALSE(broken.outcome);
  EXPECT_EQ(broken.outcome.error().code(), Errc::closed_by_peer);
  EXPECT_TRUE(settle(*blob, {0, 8}));
  EXPECT_EQ(read(8), "abcdefgh");
}

TEST_P(StoreContract, TakesAFastSenderAtItsOwnPace) {
  const std::string text = text_of(5 * limits::buffer_bytes + 7);
  const auto blob = open(id, text.size());
  ScriptedSource source(text);
  EXPECT_EQ(receive(*blob, {0, text.size()}, source, AtEnd::settles).bytes, text.size());
  EXPECT_GE(source.loans, 1);
  EXPECT_FALSE(source.is_lent);
  EXPECT_TRUE(settle(*blob, {0, text.size()}));
  EXPECT_TRUE(read(text.size()) == text);
}

TEST_P(StoreContract, CountsTheBytesThatAreTheSame) {
  const std::string text = text_of(3 * limits::compare_bytes);
  put(id, text);
  for (const bool is_same_process : {true, false}) {
    if (!is_same_process) {
      restart();
    }
    const auto blob = open(id, text.size(), text.size());
    EXPECT_EQ(run(blob->count_equal(0, as_bytes(text))), text.size());
    std::string other = text;
    other[limits::compare_bytes + 5] ^= 1;
    EXPECT_EQ(run(blob->count_equal(0, as_bytes(other))), limits::compare_bytes + 5);
    const auto beyond = run(blob->count_equal(9, as_bytes(text.substr(9) + "more")));
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code(), Errc::storage_failed) << "it ends before they do";
  }
}

TEST_P(StoreContract, SettlesInStepsAndWhatIsNamedTwice) {
  const std::string text = text_of(1000);
  const auto blob = open(id, text.size());
  EXPECT_EQ(write(*blob, 0, text.substr(0, 400)).bytes, 400U);
  EXPECT_TRUE(settle(*blob, {0, 300}));
  EXPECT_TRUE(settle(*blob, {100, 400}));
  EXPECT_EQ(write(*blob, 400, text.substr(400)).bytes, 600U);
  EXPECT_TRUE(settle(*blob, {400, 1000}));
  EXPECT_TRUE(settle(*blob, {0, 1000}));
  EXPECT_TRUE(read(text.size()) == text);
}

TEST_P(StoreContract, SeveralHaveABlobOpenForDifferentRanges) {
  const std::string text = text_of(9000);
  std::vector<std::unique_ptr<Blob>> blobs;
  for (std::uint64_t part = 0; part < 3; ++part) {
    blobs.push_back(open(id, text.size()));
    EXPECT_EQ(write(*blobs.back(), part * 3000, text.substr(part * 3000, 3000)).bytes, 3000U);
  }
  for (std::uint64_t part = 3; part-- > 0;) {
    EXPECT_TRUE(settle(*blobs[part], {part * 3000, part * 3000 + 3000}));
  }
  EXPECT_EQ(run(blobs[0]->count_equal(2000, as_bytes(text).subspan(2000, 5000))), 5000U);
  EXPECT_TRUE(read(text.size()) == text);
}

TEST_P(StoreContract, ReadsAFinishedFileFromAnyByteOn) {
  const std::string text = text_of(5 * limits::MiB + 7);
  put(id, text);
  restart();
  EXPECT_TRUE(read(text.size()) == text);
  for (const std::uint64_t begin : {std::uint64_t{1}, limits::MiB, text.size() - 1, text.size()}) {
    EXPECT_TRUE(read(text.size(), begin) == text.substr(begin)) << begin;
  }
}

TEST_P(StoreContract, AFileOfAnotherSizeIsNotFinished) {
  put(id, "hello");
  EXPECT_EQ(refusal(5), Errc::closed_by_peer) << "it is there";
  EXPECT_EQ(refusal(4), Errc::storage_failed);
  EXPECT_EQ(refusal(6), Errc::storage_failed);
  EXPECT_EQ(refusal(5, id + 1), Errc::storage_failed) << "there is none";
  EXPECT_EQ(read(0, 0, id + 2), "") << "of no bytes, and never had a blob";
}

TEST_P(StoreContract, RemovesTheBlobOfOneUpload) {
  put(id, "hello");
  // Numbers that begin alike, or end so.
  const std::vector<std::uint64_t> others{id * 10, id + 256, id / 10};
  for (const std::uint64_t other : others) {
    put(other, "other");
  }
  EXPECT_TRUE(run(store().remove(id)));
  EXPECT_TRUE(run(store().remove(id))) << "as good as removed";
  EXPECT_TRUE(run(store().remove(id + 1))) << "it was never there";
  for (const std::uint64_t other : others) {
    EXPECT_EQ(read(5, 0, other), "other");
  }
}

TEST_P(StoreContract, MakesFilesOfAFinishedBlob) {
  put(id, "mainsubtitles!");
  const std::vector<NamedRange> made{
      {{0, 4}, "videos/v.mp4"}, {{4, 14}, "videos/v-1.srt"}, {{14, 14}, "videos/v-2"}};
  EXPECT_EQ(run(store().finish(id, made)), true);
  restart();
  EXPECT_EQ(run(store().finish(id, made)), false) << "the process had died before it heard of it";
  EXPECT_EQ(kept("videos/v.mp4", 4), "main");
  EXPECT_EQ(kept("videos/v-1.srt", 10), "subtitles!");
  EXPECT_EQ(kept("videos/v-2", 0), "");
  EXPECT_EQ(refusal(14) == Errc::storage_failed, store().finish_takes_blob());
  EXPECT_TRUE(run(store().remove(id)));
  EXPECT_EQ(kept("videos/v.mp4", 4), "main");
  EXPECT_TRUE(run(files().remove({"videos/v.mp4", "videos/v-1.srt", "videos/v-2"})));
  EXPECT_EQ(run(files().exists("videos/v.mp4")), false);
}

TEST_P(StoreContract, MakesALargeFile) {
  const std::string text = text_of(11 * limits::MiB + 7);
  put(id, text);
  EXPECT_EQ(run(store().finish(id, {{{0, text.size()}, "videos/v"}})), true);
  EXPECT_TRUE(kept("videos/v", text.size()) == text);
}

TEST_P(StoreContract, MakesAFileOfNoBytes) {
  EXPECT_EQ(run(store().finish(id, {{{0, 0}, "videos/v"}})), false);
  EXPECT_EQ(kept("videos/v", 0), "");
}

TEST_P(StoreContract, MakesNoFileOfABlobThatLostBytes) {
  put(id, "hello");
  for (const std::uint64_t size : {4U, 6U}) {
    const auto made = run(store().finish(id, {{{0, size}, "videos/v"}}));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), Errc::storage_failed);
  }
  EXPECT_EQ(run(files().exists("videos/v")), false);
  EXPECT_EQ(read(5), "hello");
}

TEST_P(StoreContract, KnowsItsRoom) {
  const Result<Space> space = run(store().space());
  ASSERT_TRUE(space);
  EXPECT_GT(space->free_bytes, 0U);
  EXPECT_GE(space->total_bytes, space->free_bytes);
}

INSTANTIATE_TEST_SUITE_P(All, StoreContract, ::testing::Values("Local", "Objects"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace sluice::store
