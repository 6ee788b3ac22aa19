// SPDX-License-Identifier: MIT
#include "outgoing/transfer.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::outgoing {
namespace {

// The piece that was read ahead may come when the connection that asked for it is gone and the next
// is not there yet.
TEST(TransferTest, ANoticeThatNothingWaitsForEndsNothing) {
  runtime::BlockingPool pool(1);
  HttpRequest request;
  request.target = *parse_target("http://127.0.0.1:1/");
  request.body = std::make_shared<TextBody>("hello");
  Transfer transfer(std::move(request), pool);
  ASSERT_TRUE(transfer.begin([] {}));
  EXPECT_EQ(transfer.go_on(), CURLE_OK);
}

}  // namespace
}  // namespace sluice::outgoing
