// SPDX-License-Identifier: MIT
#include "store/objects/merger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "support/extent_world.h"
#include "support/forwarding_objects.h"

namespace sluice::store::objects {
namespace {

using runtime::Task;
using s3::Copying;
using sluice::testing::ExtentWorld;
using sluice::testing::MemoryObjects;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;

constexpr std::uint64_t merged_id = 0x1ab;

// One that is copied, and small ones that are sent.
std::vector<std::string> pieces() {
  return {std::string(limits::s3_part_bytes_min, 'a'), "bb", "ccc"};
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) {
    text += piece;
  }
  return text;
}

class MergerTest : public ::testing::Test {
 protected:
  MergerTest()
      : text(joined(pieces())), merger(world.store->tools(), world.replacing(), Copying::by_store) {
    world.put_file(merged_id, pieces());
  }

  Result<std::string> merge(Merger& one) {
    return run_in(world.context, one.merge(merged_id, text.size()));
  }
  Result<std::string> merge() { return merge(merger); }
  std::size_t object_count() const { return world.objects.objects.size(); }
  // How many of the journal's extents there are, all of them readable.
  std::size_t extent_count() {
    EXPECT_TRUE(world.stored(merged_id, text.size()) == text) << "bytes are lost";
    return world.extents(merged_id).size();
  }

  const std::string text;
  ExtentWorld world;
  Merger merger;
};

TEST_F(MergerTest, OneObjectIsMadeOfMany) {
  const Result<std::string> object = merge();
  ASSERT_TRUE(object) << object.error().message();
  EXPECT_TRUE(object->ends_with("-0-" + std::to_string(text.size()))) << *object;
  EXPECT_EQ(world.extents(merged_id), (std::vector<model::Extent>{{{0, text.size()}, *object, 0}}));
  ASSERT_EQ(object_count(), 1U) << "the sources are gone";
  EXPECT_TRUE(world.objects.objects.at(*object) == text);
  EXPECT_EQ(world.scratch.used(), 0U);
  EXPECT_EQ(merge().value(), *object) << "it stays the one";
  EXPECT_EQ(object_count(), 1U);
}

TEST_F(MergerTest, AStoreThatCopiesNothingGetsTheBytes) {
  world.objects.copies_parts = false;
  const Result<std::string> refused = merge();
  ASSERT_FALSE(refused);
  EXPECT_EQ(extent_count(), 3U);
  Merger streaming(world.store->tools(), world.replacing(), Copying::streamed);
  ASSERT_TRUE(merge(streaming));
  EXPECT_EQ(extent_count(), 1U);
}

TEST_F(MergerTest, AnObjectWithBytesThatNoExtentNamesIsNotTheFile) {
  const ByteRange front{0, 5};
  const std::string object = world.store->tools().names.next(8, {0, 9});
  world.objects.objects[object] = "helloXXXX";
  ASSERT_TRUE(world.commit(8, {{front, object}}));
  const Result<std::string> made = run_in(world.context, merger.merge(8, 5));
  ASSERT_TRUE(made);
  EXPECT_NE(*made, object);
  EXPECT_EQ(world.objects.objects.at(*made), "hello");
}

TEST_F(MergerTest, AFileOfNoBytesIsAnObjectToo) {
  const Result<std::string> made = run_in(world.context, merger.merge(8, 0));
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(world.objects.objects.at(*made), "");
}

// Each of its requests meets each fault: the file stays whole, now and when late requests arrive,
// and the next merge makes one object of it.
TEST_F(MergerTest, NoFaultCostsAByte) {
  const std::size_t before = world.objects.requests;
  ASSERT_TRUE(merge());
  const std::size_t requests = world.objects.requests - before;
  const std::size_t completion = requests - 3;  // Then come HEAD and the removal.
  for (const NetworkFault fault :
       {NetworkFault::lost, NetworkFault::late, NetworkFault::reply_lost, NetworkFault::doubled}) {
    for (std::size_t at = 0; at < requests; ++at) {
      SCOPED_TRACE("request " + std::to_string(at) + ", fault " +
                   std::to_string(static_cast<int>(fault)));
      ASSERT_TRUE(run_in(world.context, world.store->remove(merged_id)));
      world.journal.clear();
      world.put_file(merged_id, pieces());
      world.objects.faults.assign(at, NetworkFault::none);
      world.objects.faults.push_back(fault);
      const bool is_made = merge().has_value();
      world.objects.faults.clear();
      EXPECT_EQ(extent_count(), is_made ? 1U : 3U);
      if (at == completion) {
        EXPECT_EQ(is_made, fault == NetworkFault::reply_lost || fault == NetworkFault::doubled);
      }
      world.objects.let_late_arrive();
      ASSERT_TRUE(merge());
      EXPECT_EQ(extent_count(), 1U);
    }
  }
}

// The journal's answer to a ReplaceExtents that it makes, or does not.
class DoubtfulJournal {
 public:
  DoubtfulJournal(ExtentWorld& world, bool does, Errc says)
      : world_(world), does_(does), says_(says) {}

  Task<Result<>> replace(std::uint64_t id, std::vector<model::Extent> old,
                         std::vector<model::Extent> made) {
    if (does_) {
      EXPECT_TRUE(co_await world_.replacing()(id, std::move(old), std::move(made)));
    }
    co_return fail(says_, "no word");
  }

 private:
  ExtentWorld& world_;
  const bool does_;
  const Errc says_;
};

TEST_F(MergerTest, SourcesGoOnlyWhenTheSwapIsKnownToHaveHappened) {
  const struct {
    bool does;
    Errc says;
    std::size_t objects;
    std::size_t extents;
  } rows[] = {{false, Errc::storage_failed, 4, 3},
              {true, Errc::storage_failed, 4, 1},
              {true, Errc::unavailable, 4, 1},
              {false, Errc::conflict, 3, 3},
              {false, Errc::disk_full, 3, 3}};
  for (const auto& row : rows) {
    ASSERT_TRUE(run_in(world.context, world.store->remove(merged_id)));
    world.journal.clear();
    world.put_file(merged_id, pieces());
    DoubtfulJournal journal(world, row.does, row.says);
    Merger doubtful(
        world.store->tools(),
        [&journal](std::uint64_t id, std::vector<model::Extent> old,
                   std::vector<model::Extent> made) {
          return journal.replace(id, std::move(old), std::move(made));
        },
        Copying::by_store);
    const Result<std::string> merged = merge(doubtful);
    ASSERT_FALSE(merged);
    EXPECT_EQ(merged.error().code(), row.says);
    EXPECT_EQ(object_count(), row.objects);
    EXPECT_EQ(extent_count(), row.extents);
    ASSERT_TRUE(merge());
    EXPECT_EQ(extent_count(), 1U);
  }
}

// Another merge has swapped first.
TEST_F(MergerTest, OfTwoMergesOneCounts) {
  const ExtentWorld::Extents old = world.extents(merged_id);
  ASSERT_TRUE(merge());
  const Result<> second = run_in(
      world.context, exchange_extents(world.store->tools(), world.replacing(), merged_id, old,
                                      model::Extent{{0, text.size()}, "prefix/e/ab/427/other", 0}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_EQ(extent_count(), 1U);
}

class ShortObjects final : public sluice::testing::ForwardingObjects {
 public:
  ShortObjects() : ForwardingObjects(memory) {}

  Task<Result<std::optional<s3::ObjectFacts>>> head(std::string key) override {
    auto facts = co_await memory.head(std::move(key));
    if (facts && *facts) {
      --(*facts)->size;
    }
    co_return facts;
  }

  MemoryObjects memory;
};

TEST(Merger, AnObjectOfAnotherSizeIsNotTheFile) {
  ShortObjects objects;
  ExtentWorld world(std::uint64_t{64} << 20U, &objects);
  world.put_file(merged_id, {"hel", "lo"});
  Merger merger(world.store->tools(), world.replacing(), Copying::by_store);
  const Result<std::string> merged = run_in(world.context, merger.merge(merged_id, 5));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code(), Errc::storage_failed);
  EXPECT_EQ(world.extents(merged_id).size(), 2U);
  EXPECT_EQ(world.stored(merged_id, 5), "hello");
}

}  // namespace
}  // namespace sluice::store::objects
