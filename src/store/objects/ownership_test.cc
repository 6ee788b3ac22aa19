// SPDX-License-Identifier: MIT
#include "store/objects/ownership.h"

#include <gtest/gtest.h>

#include <string>

#include "support/memory_objects.h"
#include "support/run.h"

namespace sluice::store::objects {
namespace {

using testing::MemoryObjects;
using testing::NetworkFault;
using testing::run;

class OwnershipTest : public ::testing::Test {
 protected:
  Result<> take(const std::string& identity, const std::string& prefix = "films") {
    return run(take_ownership(objects_, prefix, identity, is_new_));
  }

  MemoryObjects objects_;
  bool is_new_ = true;
};

TEST_F(OwnershipTest, AFreePrefixIsTakenAndHeldFromThenOn) {
  EXPECT_TRUE(take("aa"));
  is_new_ = false;
  EXPECT_TRUE(take("aa"));
  EXPECT_TRUE(objects_.objects.contains("films/owner/aa"));
  is_new_ = true;
  EXPECT_TRUE(take("bb", ""));
  EXPECT_TRUE(objects_.objects.contains("owner/bb"));
}

TEST_F(OwnershipTest, AnotherJournalIsRefusedInWords) {
  ASSERT_TRUE(take("aa"));
  const auto taken = take("bb");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::internal);
  EXPECT_TRUE(taken.error().message().contains("films/owner/aa")) << taken.error().message();
  EXPECT_EQ(objects_.objects.size(), 1U);
}

TEST_F(OwnershipTest, AJournalWithUploadsTakesNoOtherPrefix) {
  is_new_ = false;
  const auto taken = take("aa");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::internal);
  EXPECT_TRUE(taken.error().message().contains("none of their bytes")) << taken.error().message();
  EXPECT_TRUE(objects_.objects.empty());
}

// Another puts its mark between the list and the list.
TEST_F(OwnershipTest, OfTwoAtOnceNoneTakesItBesideTheOther) {
  objects_.faults = {NetworkFault::late};
  ASSERT_FALSE(run(objects_.put("films/owner/bb", s3::payload_of("sluice\n"))));
  objects_.faults = {NetworkFault::none, NetworkFault::reply_lost};
  EXPECT_FALSE(take("aa"));
  objects_.let_late_arrive();
  EXPECT_FALSE(take("aa"));
  EXPECT_FALSE(take("bb"));
}

TEST_F(OwnershipTest, AStoreThatIsAwayGivesNothing) {
  objects_.faults = {NetworkFault::lost};
  const auto taken = take("aa");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace sluice::store::objects
