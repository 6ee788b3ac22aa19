// SPDX-License-Identifier: MIT
#include "upload/admission.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/limits.h"
#include "support/memory_store.h"
#include "support/run.h"

namespace sluice::upload {
namespace {

constexpr std::uint64_t low = 100;

class AdmissionTest : public ::testing::Test {
 protected:
  Errc refusal(Admission& admission, std::uint64_t file_size) {
    const Result<> admitted = testing::run(admission.admit(file(file_size), ++last_id));
    EXPECT_FALSE(admitted);
    return admitted ? Errc::internal : admitted.error().code();
  }
  bool admits(Admission& admission, std::uint64_t file_size) {
    return testing::run(admission.admit(file(file_size), ++last_id)).has_value();
  }
  static NewUpload file(std::uint64_t file_size) {
    NewUpload upload;
    upload.file_size = file_size;
    return upload;
  }
  // As the file system does when the upload's blob is made.
  void allocate(Admission& admission, std::uint64_t id, std::uint64_t file_size) {
    store.free_bytes -= file_size;
    admission.allocated(id, file_size);
  }

  static NewUpload file_of(const std::string& client, std::uint64_t file_size) {
    NewUpload upload = file(file_size);
    upload.room_of = client;
    return upload;
  }
  static bool admits_of(Admission& admission, const std::string& client, std::uint64_t id,
                        std::uint64_t file_size) {
    return testing::run(admission.admit(file_of(client, file_size), id)).has_value();
  }

  testing::MemoryStore store;
  std::uint64_t last_id = 100;
};

TEST_F(AdmissionTest, PromisesTheSameRoomOnce) {
  store.free_bytes = 1000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits(admission, 500));
  EXPECT_EQ(refusal(admission, 401), Errc::disk_full);
  EXPECT_TRUE(admits(admission, 400));
  EXPECT_EQ(refusal(admission, 1), Errc::disk_full);
  EXPECT_TRUE(admits(admission, 0));
  EXPECT_EQ(admission.promised_bytes(), 900U);
}

TEST_F(AdmissionTest, LetsNobodyInWhereNoFileCanBeMade) {
  store.free_files = limits::free_files_min - 1;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_EQ(refusal(admission, 1), Errc::disk_full);
  EXPECT_EQ(admission.promised_bytes(), 0U);
  store.free_files = limits::free_files_min;
  EXPECT_TRUE(admits(admission, 1));
}

TEST_F(AdmissionTest, AnUploadThatLosesItsBytesKeepsItsRoomAndGivesItBackOnce) {
  store.free_bytes = 2000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits(admission, 500));
  allocate(admission, 1, 500);
  admission.fulfilled(1, 500);
  EXPECT_TRUE(admits(admission, 700));
  admission.emptied(1);
  EXPECT_EQ(admission.promised_bytes(), 700U);
  admission.fulfilled(1, 500);
  EXPECT_EQ(admission.promised_bytes(), 700U);
}

TEST_F(AdmissionTest, OneClientsUnfinishedUploadsHaveTheirShareOfTheRoom) {
  store.free_bytes = 1100;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low, .room_share = 50},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_FALSE(admits_of(admission, "ann", 1, 501));
  EXPECT_TRUE(admits_of(admission, "ann", 1, 300));
  EXPECT_TRUE(admits_of(admission, "ann", 2, 200));
  EXPECT_FALSE(admits_of(admission, "ann", 3, 1));
  EXPECT_TRUE(admits_of(admission, "ann", 3, 0)) << "it takes no room";
  EXPECT_TRUE(admits_of(admission, "ann", 4, 0));
  EXPECT_TRUE(admits_of(admission, "bob", 5, 400));
  EXPECT_TRUE(admits(admission, 100)) << "a client that stands for many";
  const Result<> refused = testing::run(admission.admit(file_of("ann", 1), 6));
  EXPECT_EQ(refused.error().code(), Errc::disk_full);
}

TEST_F(AdmissionTest, AShareHoldsWithABlobAsWithoutUntilTheUploadEnds) {
  store.free_bytes = 1000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = 0, .room_share = 50},
                      {.bytes = 0, .unfinished_uploads = 0});
  ASSERT_TRUE(admits_of(admission, "ann", 1, 500));
  allocate(admission, 1, 500);
  EXPECT_FALSE(admits_of(admission, "ann", 2, 1)) << "one byte sent changes nothing";
  admission.fulfilled(1, 500);
  EXPECT_FALSE(admits_of(admission, "ann", 2, 1));
  admission.ended(1);
  EXPECT_TRUE(admits_of(admission, "ann", 2, 250)) << "half of what is left";
  EXPECT_FALSE(admits_of(admission, "ann", 3, 1));
  admission.withdraw(2, 250);
  EXPECT_TRUE(admits_of(admission, "ann", 3, 250));
}

TEST_F(AdmissionTest, WhatWasPromisedBeforeARestartCountsForItsOwner) {
  store.free_bytes = 1000;
  const std::vector<journal::PromisedRoom> before{
      {1, "ann", 300}, {2, "ann", 200}, {3, "bob", 100}};
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = 0, .room_share = 50},
                      {.bytes = 600, .to_owners = before, .unfinished_uploads = 3});
  const std::string ann = room_of_owner("ann");
  EXPECT_FALSE(admits_of(admission, ann, 4, 1));
  EXPECT_TRUE(admits_of(admission, room_of_owner("bob"), 4, 350));
  allocate(admission, 1, 300);
  EXPECT_FALSE(admits_of(admission, ann, 5, 1)) << "the first byte changes nothing";
  admission.fulfilled(2, 200);
  admission.ended(2);
  EXPECT_TRUE(admits_of(admission, ann, 5, 200));
  EXPECT_FALSE(admits_of(admission, ann, 6, 1));
}

TEST_F(AdmissionTest, CountsUnfinishedUploads) {
  store.free_bytes = 1000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = 0, .uploads_max = 3},
                      {.bytes = 0, .unfinished_uploads = 1});
  EXPECT_TRUE(admits(admission, 1));
  EXPECT_EQ(refusal(admission, 1000), Errc::disk_full) << "who is refused does not count";
  EXPECT_TRUE(admits(admission, 1));
  EXPECT_EQ(refusal(admission, 1), Errc::overloaded);
  admission.ended(0);
  EXPECT_TRUE(admits(admission, 1));
  EXPECT_EQ(refusal(admission, 1), Errc::overloaded);
  admission.withdraw(0, 1);
  EXPECT_TRUE(admits(admission, 1));
}

TEST_F(AdmissionTest, SaysWhatItHasRoomFor) {
  store.free_bytes = 1000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 300, .unfinished_uploads = 0});
  const Result<> refused = testing::run(admission.admit(file(601), 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "there is room for 600 bytes, the file has 601");
  EXPECT_EQ(testing::run(admission.admit(file(10'001), 1)).error().code(), Errc::file_too_large);
}

TEST_F(AdmissionTest, CountsWhatABlobOccupiesOnce) {
  store.free_bytes = 1000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits(admission, 500));
  allocate(admission, 1, 500);
  EXPECT_EQ(admission.promised_bytes(), 0U);
  // Also right after it, when the free space was measured before.
  EXPECT_EQ(refusal(admission, 401), Errc::disk_full);
  EXPECT_TRUE(admits(admission, 400));
  admission.allocated(1, 500);
  admission.fulfilled(1, 500);
  EXPECT_EQ(admission.promised_bytes(), 400U);
}

TEST_F(AdmissionTest, OfUnknownSizeOnlyWhatIsAnnouncedIsPromised) {
  constexpr std::uint64_t little = limits::unknown_size_room;
  store.free_bytes = 4 * little + low;
  Admission admission(store, {.file_size_max = 9 * little, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  NewUpload upload;
  EXPECT_TRUE(testing::run(admission.admit(upload, 1)));
  EXPECT_EQ(admission.promised_bytes(), little);
  upload.announced = 2 * little;
  EXPECT_TRUE(testing::run(admission.admit(upload, 2)));
  EXPECT_EQ(admission.promised_bytes(), 3 * little);
  upload.announced = 10 * little;
  EXPECT_EQ(testing::run(admission.admit(upload, 3)).error().code(), Errc::file_too_large);
  admission.resized(1, little, 2);
  EXPECT_EQ(admission.promised_bytes(), 2 * little + 2);
  allocate(admission, 1, 2);
  admission.resized(1, 2, 3);
  EXPECT_EQ(admission.promised_bytes(), 2 * little) << "its blob has its room";
  EXPECT_EQ(room_for({}, {}, 5), 5U);
}

TEST_F(AdmissionTest, TakesBackWhatEndsWithoutABlob) {
  store.free_bytes = 1000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits(admission, 900));
  admission.withdraw(0, 900);
  EXPECT_TRUE(admits(admission, 900));
  admission.fulfilled(1, 900);
  EXPECT_TRUE(admits(admission, 900));
}

TEST_F(AdmissionTest, RefusesOnlyByWhatIsFreeNow) {
  store.free_bytes = 200;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits(admission, 10));
  EXPECT_EQ(refusal(admission, 500), Errc::disk_full);
  store.free_bytes = 1000;
  EXPECT_TRUE(admits(admission, 500));
}

TEST_F(AdmissionTest, BelowTheLowMarkNothingBegins) {
  store.free_bytes = low - 1;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_EQ(refusal(admission, 0), Errc::disk_full);
  store.free_bytes = low;
  EXPECT_TRUE(admits(admission, 0));
}

TEST_F(AdmissionTest, HugeSizesDoNotOverflow) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t huge = limits::file_size_max;
  store.free_bytes = 2 * huge + low;
  Admission exact(store, {.file_size_max = huge, .low_water_bytes = low},
                  {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_EQ(refusal(exact, huge + 1), Errc::file_too_large);
  EXPECT_EQ(refusal(exact, most), Errc::file_too_large);
  EXPECT_TRUE(admits(exact, huge));
  EXPECT_TRUE(admits(exact, huge));
  EXPECT_EQ(refusal(exact, 1), Errc::disk_full);

  store.free_bytes = most;
  Admission boundless(store, {.file_size_max = most, .low_water_bytes = low},
                      {.bytes = most - 1, .unfinished_uploads = 0});
  EXPECT_EQ(refusal(boundless, most), Errc::disk_full);
  EXPECT_EQ(refusal(boundless, 1), Errc::disk_full);
  Admission all_reserved(store, {.file_size_max = most, .low_water_bytes = most},
                         {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_EQ(refusal(all_reserved, 1), Errc::disk_full);
  allocate(all_reserved, 1, huge);
  EXPECT_EQ(refusal(all_reserved, 0), Errc::disk_full);
}

TEST_F(AdmissionTest, FollowsTheCountOfAllNodes) {
  store.free_bytes = 10'000;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low, .uploads_max = 2},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits(admission, 500));
  admission.renew({.bytes = 700, .unfinished_uploads = 2});
  EXPECT_EQ(admission.promised_bytes(), 700U);
  EXPECT_EQ(refusal(admission, 1), Errc::overloaded);
  admission.renew({.bytes = 0, .unfinished_uploads = 1});
  EXPECT_TRUE(admits(admission, 1));
}

TEST_F(AdmissionTest, SharesOfUploadsThatEndedOnOtherNodesAreGivenBack) {
  store.free_bytes = 1100;
  Admission admission(store, {.file_size_max = 10'000, .low_water_bytes = low, .room_share = 50},
                      {.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits_of(admission, "owner ann", 1, 400));
  EXPECT_FALSE(admits_of(admission, "owner ann", 2, 400));
  admission.renew({.bytes = 0, .unfinished_uploads = 0});
  EXPECT_TRUE(admits_of(admission, "owner ann", 3, 400));
  admission.renew({.bytes = 400, .to_owners = {{3, "ann", 400}}, .unfinished_uploads = 1});
  EXPECT_FALSE(admits_of(admission, "owner ann", 4, 400));
}

}  // namespace
}  // namespace sluice::upload
