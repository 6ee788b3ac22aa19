// SPDX-License-Identifier: MIT
#include "library/stored_names.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::library {
namespace {

TEST(StoredNames, FollowFromTheHandoffAlone) {
  delivery::Handoff handoff;
  handoff.idempotency_key = "k";
  handoff.file_name = "../a.TAR.GZ";
  handoff.file_size = 5;
  handoff.extra_files = {{"t", "s.srt", {5, 9}}};
  const std::string id = record_id("k");
  EXPECT_TRUE(is_record_id(id));
  const auto files = stored_files(handoff);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "videos/" + id + ".gz");
  EXPECT_EQ(files[0].range, (ByteRange{0, 5}));
  EXPECT_EQ(files[1].name, "videos/" + id + "-1.srt");
  EXPECT_EQ(files[1].range, (ByteRange{5, 9}));
}

TEST(StoredNames, KnowAnIdByItsForm) {
  const std::string id(32, 'a');
  EXPECT_TRUE(is_record_id(id));
  for (const std::string& other :
       {std::string(), id + "a", std::string(31, 'a'), std::string(32, 'A'), std::string(32, 'g'),
        std::string(32, '/')}) {
    EXPECT_FALSE(is_record_id(other)) << other;
  }
}

}  // namespace
}  // namespace sluice::library
