// SPDX-License-Identifier: MIT
#include "store/objects/object_references.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "base/limits.h"
#include "support/extent_world.h"

namespace sluice::store::objects {
namespace {

using sluice::testing::ExtentWorld;
using sluice::testing::MemoryObjects;
using sluice::testing::NetworkFault;
using sluice::testing::run_in;

class ObjectReferencesTest : public ::testing::Test {
 protected:
  ObjectReferencesTest()
      : merger(world.store->tools(), world.replacing(), s3::Copying::by_store),
        own(merger, {world.objects, "ours"}),
        copied(merger, "ours", {theirs, "theirs"}, "in/") {
    theirs.buckets["ours"] = &world.objects;
    world.put_file(7, {large, "lo"});
  }

  // The object, by the reference.
  ObjectReference refer(References& references) {
    const Result<Reference> reference = run_in(world.context, references.refer(upload));
    EXPECT_TRUE(reference) << reference.error().message();
    return reference ? std::get<ObjectReference>(*reference) : ObjectReference();
  }

  const std::string large = std::string(limits::s3_part_bytes_min, 'a');
  const FinishedUpload upload{7, limits::s3_part_bytes_min + 2, std::string(32, 'f')};
  ExtentWorld world;
  MemoryObjects theirs;
  Merger merger;
  ObjectReferences own;
  CopiedReferences copied;
};

TEST_F(ObjectReferencesTest, TheObjectOfTheUploadIsToldWithAUrl) {
  const ObjectReference first = refer(own);
  EXPECT_EQ(first.bucket, "ours");
  EXPECT_EQ(first.size, upload.size);
  EXPECT_TRUE(world.objects.objects.at(first.key) == large + "lo");
  EXPECT_TRUE(first.url.starts_with("memory:/" + first.key)) << first.url;
  EXPECT_EQ(refer(own).key, first.key);
  run_in(world.context, own.withdraw(upload));
  EXPECT_TRUE(world.objects.objects.contains(first.key)) << "it is the upload's";
}

TEST_F(ObjectReferencesTest, ACopyIsMadeOnceAndTheFileStays) {
  const ObjectReference first = refer(copied);
  EXPECT_EQ(first.bucket, "theirs");
  EXPECT_TRUE(first.key.starts_with("in/" + upload.name + "-")) << first.key;
  EXPECT_TRUE(theirs.objects.at(first.key) == large + "lo");
  EXPECT_EQ(world.extents(7).size(), 2U);
  EXPECT_EQ(refer(copied).key, first.key);
  EXPECT_EQ(theirs.objects.size(), 1U);
}

TEST_F(ObjectReferencesTest, ACopyThatWasNotHeardOfIsFound) {
  // LIST, the begin, two parts, the completion; then HEAD.
  theirs.faults = {NetworkFault::none, NetworkFault::none, NetworkFault::none,
                   NetworkFault::none, NetworkFault::late, NetworkFault::none};
  EXPECT_FALSE(run_in(world.context, copied.refer(upload)));
  theirs.let_late_arrive();
  ASSERT_EQ(theirs.objects.size(), 1U);
  EXPECT_EQ(refer(copied).key, theirs.objects.begin()->first);
  EXPECT_EQ(theirs.objects.size(), 1U);
}

TEST_F(ObjectReferencesTest, ARefusedCopyGoesAndNoOtherDoes) {
  refer(copied);
  theirs.objects["in/" + upload.name + "-x"] = "of an attempt";
  theirs.objects["in/other-x"] = "another's";
  run_in(world.context, copied.withdraw(upload));
  EXPECT_EQ(theirs.objects.size(), 1U);
  EXPECT_TRUE(theirs.objects.contains("in/other-x"));
  EXPECT_EQ(world.stored(7, upload.size), large + "lo");
}

}  // namespace
}  // namespace sluice::store::objects
