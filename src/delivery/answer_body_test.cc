// SPDX-License-Identifier: MIT
#include "delivery/answer_body.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "support/memory_store.h"

namespace sluice::delivery {
namespace {

class AnswerBodyTest : public ::testing::Test {
 protected:
  testing::MemoryStore store;
  store::AnswerFiles files{store};
  model::Answer answer;
};

TEST_F(AnswerBodyTest, KeepsASmallOneInTheAnswer) {
  AnswerBody body(files, 7, limits::answer_bytes_max);
  EXPECT_TRUE(body.append(as_bytes("hello ")));
  EXPECT_TRUE(body.append(as_bytes("world")));
  EXPECT_TRUE(body.finish(answer));
  EXPECT_EQ(answer.body, "hello world");
  EXPECT_EQ(answer.spilled_bytes, 0U);
  EXPECT_TRUE(store.files.empty());
}

TEST_F(AnswerBodyTest, SpillsALargeOneByteForByte) {
  std::string expected;
  AnswerBody body(files, 7, 4 * limits::answer_bytes_max);
  while (expected.size() < 3 * limits::answer_bytes_max) {
    const std::string piece(100'003, static_cast<char>('a' + expected.size() % 23));
    EXPECT_TRUE(body.append(as_bytes(piece)));
    expected += piece;
  }
  EXPECT_TRUE(body.finish(answer));
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.spilled_bytes, expected.size());
  EXPECT_EQ(answer.spilled_as, "");
  EXPECT_TRUE(store.files.at("answers/7") == expected);
}

TEST_F(AnswerBodyTest, DecidesAtTheExactByte) {
  const std::string most(limits::answer_bytes_max, 'x');
  AnswerBody inline_body(files, 7, most.size() + 1);
  EXPECT_TRUE(inline_body.append(as_bytes(most)));
  EXPECT_TRUE(inline_body.finish(answer));
  EXPECT_EQ(answer.spilled_bytes, 0U);
  AnswerBody spilled(files, 7, most.size() + 1);
  EXPECT_TRUE(spilled.append(as_bytes(most)));
  EXPECT_TRUE(spilled.append(as_bytes("y")));
  EXPECT_TRUE(spilled.finish(answer));
  EXPECT_EQ(answer.spilled_bytes, most.size() + 1);
}

TEST_F(AnswerBodyTest, RefusesOneThatIsTooLong) {
  AnswerBody body(files, 7, 10);
  EXPECT_TRUE(body.append(as_bytes("0123456789")));
  const Result<> refused = body.append(as_bytes("!"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::delivery_failed);
}

}  // namespace
}  // namespace sluice::delivery
