// SPDX-License-Identifier: MIT
#include "store/objects/folds.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/extent_world.h"

namespace sluice::store::objects {
namespace {

using limits::MiB;
using sluice::testing::ExtentWorld;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;
using sluice::testing::ScriptedSource;

constexpr std::uint64_t folded_id = 0x1ab;

// So many tiny pieces, each another one.
std::vector<std::string> tiny_pieces(std::size_t count) {
  std::vector<std::string> pieces(count);
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = "<" + std::to_string(i) + ">";
  }
  return pieces;
}

class FoldsTest : public ::testing::Test {
 protected:
  FoldsTest() : folds(world.store->tools(), world.context.get_executor(), world.replacing()) {}

  std::string put(const std::vector<std::string>& pieces) {
    world.put_file(folded_id, pieces);
    std::string text;
    for (const std::string& piece : pieces) {
      text += piece;
    }
    return text;
  }
  Result<> fold() { return run_in(world.context, folds.fold(folded_id)); }
  std::size_t extent_count() { return world.extents(folded_id).size(); }
  std::size_t object_count() const { return world.objects.objects.size(); }

  ExtentWorld world;
  Folds folds;
};

TEST_F(FoldsTest, SmallObjectsBecomeOne) {
  const std::string text = put(tiny_pieces(limits::s3_fold_extents + 3));
  ASSERT_TRUE(fold());
  EXPECT_EQ(extent_count(), 4U);
  EXPECT_EQ(object_count(), 4U) << "the others are gone";
  EXPECT_EQ(world.stored(folded_id, text.size()), text);
  EXPECT_EQ(world.scratch.used(), 0U);
  ASSERT_TRUE(fold());
  EXPECT_EQ(object_count(), 4U) << "too few";
}

TEST_F(FoldsTest, SoDoFewerThatHaveManyBytes) {
  const std::string text =
      put({std::string(5 * MiB, 'a'), std::string(4 * MiB, 'b'), std::string(4 * MiB, 'c'),
           std::string(4 * MiB, 'd'), std::string(4 * MiB, 'e'), "f"});
  ASSERT_TRUE(fold());
  EXPECT_EQ(extent_count(), 3U);
  EXPECT_TRUE(world.stored(folded_id, text.size()) == text);
}

// A request that is under way may come to name the rest of such an object.
TEST_F(FoldsTest, AnObjectOfWhichOnlyAPartIsNamedStays) {
  std::string text = put(tiny_pieces(limits::s3_fold_extents - 1));
  const std::uint64_t end = text.size();
  const std::string object = world.store->tools().names.next(folded_id, {end, end + 10});
  world.objects.objects[object] = "0123456789";
  ASSERT_TRUE(world.commit(folded_id, {{{end, end + 4}, object}}));
  ASSERT_TRUE(fold());
  EXPECT_EQ(extent_count(), limits::s3_fold_extents);
  ASSERT_TRUE(world.commit(folded_id, {{{end + 4, end + 10}, object, 4}}));
  text += "0123456789";
  EXPECT_EQ(world.stored(folded_id, text.size()), text);
}

TEST_F(FoldsTest, NoFaultCostsAByte) {
  const std::vector<std::string> pieces = tiny_pieces(limits::s3_fold_extents);
  const std::string text = put(pieces);
  const std::size_t reads = pieces.size();
  for (const NetworkFault fault :
       {NetworkFault::lost, NetworkFault::late, NetworkFault::reply_lost, NetworkFault::doubled}) {
    for (const std::size_t at : {std::size_t{0}, reads - 1, reads, reads + 1}) {
      SCOPED_TRACE("request " + std::to_string(at));
      ASSERT_TRUE(run_in(world.context, world.store->remove(folded_id)));
      world.journal.clear();
      put(pieces);
      world.objects.faults.assign(at, NetworkFault::none);
      world.objects.faults.push_back(fault);
      const bool is_made = fold().has_value();
      world.objects.faults.clear();
      EXPECT_EQ(extent_count(), is_made ? 1U : pieces.size());
      world.objects.let_late_arrive();
      EXPECT_EQ(world.stored(folded_id, text.size()), text);
      ASSERT_TRUE(fold());
      EXPECT_EQ(extent_count(), 1U);
      EXPECT_EQ(world.stored(folded_id, text.size()), text);
    }
  }
}

TEST_F(FoldsTest, WhileScratchIsScarceNoneIsMade) {
  put(tiny_pieces(limits::s3_fold_extents));
  std::vector<ScratchRoom> room;
  while (!world.scratch.is_scarce()) {
    room.push_back(run_in(world.context, world.scratch.acquire(64 * MiB, Duration(1))).value());
  }
  ASSERT_TRUE(fold());
  EXPECT_EQ(extent_count(), limits::s3_fold_extents);
}

// Each piece by a request of its own, which reads it back after folds have taken it.
TEST_F(FoldsTest, AnUploadInTinyPiecesIsFoldedOnItsWay) {
  const std::vector<std::string> pieces = tiny_pieces(4 * limits::s3_fold_extents);
  std::string text;
  std::unique_ptr<Blob> first;
  for (const std::string& piece : pieces) {
    const ByteRange range{text.size(), text.size() + piece.size()};
    std::unique_ptr<Blob> blob = world.store->open({folded_id, 0, text.size()});
    ScriptedSource source(piece);
    ASSERT_EQ(run_in(world.context, blob->receive(range, source, AtEnd::goes_on)).bytes,
              range.size());
    RangeSet named;
    named.add(range);
    const auto extents = run_in(world.context, blob->settle(named, {}));
    ASSERT_TRUE(extents);
    ASSERT_TRUE(world.commit(folded_id, *extents));
    text += piece;
    if (!first) {
      first = std::move(blob);
    }
  }
  run_in(world.context, world.store->drain(std::chrono::minutes(1)));
  EXPECT_LE(extent_count(), limits::s3_fold_extents + limits::fold_look_extents);
  EXPECT_EQ(object_count(), extent_count());
  EXPECT_EQ(world.stored(folded_id, text.size()), text);
  EXPECT_EQ(run_in(world.context, first->count_equal(0, as_bytes(pieces.front()))),
            pieces.front().size())
      << "its own object is gone";
}

}  // namespace
}  // namespace sluice::store::objects
