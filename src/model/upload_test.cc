// SPDX-License-Identifier: MIT
#include "model/upload.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

TEST(UploadState, HasAWordForEachStateAndBack) {
  for (int i = 0; i <= static_cast<int>(UploadState::expired); ++i) {
    const auto state = static_cast<UploadState>(i);
    EXPECT_EQ(upload_state_from_text(to_text(state)), state) << to_text(state);
  }
  EXPECT_STREQ(to_text(UploadState::delivering), "delivering");
  EXPECT_EQ(upload_state_from_text(""), std::nullopt);
  EXPECT_EQ(upload_state_from_text("Received"), std::nullopt);
  EXPECT_EQ(upload_state_from_text("received "), std::nullopt);
}

}  // namespace
}  // namespace sluice::model
