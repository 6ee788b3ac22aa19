// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/upload_client.h"

namespace sluice::cli {
namespace {

constexpr std::uint64_t ten_bytes = 10;
const NoAnswer broken_off{"connection lost"};

UploadClient client_of_four_bytes() {
  RetryPolicy policy;
  policy.piece_bytes = 4;
  return {policy, ten_bytes, [] { return 1.0; }};
}

Answer session(bool wants_digest) {
  Answer answer;
  answer.status = 201;
  answer.body = R"({"location":"http://one/upload"})";
  answer.wants_digest = wants_digest;
  return answer;
}

Answer told(int status, std::string body = {}) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

Answer has(const char* range) {
  Answer answer = told(204);
  answer.range = range;
  return answer;
}

// The bytes that the server has compared when the upload is done.
std::uint64_t compared_by(const std::vector<Reply>& replies) {
  UploadClient client = client_of_four_bytes();
  client.start();
  Step step = client.next(session(true), {});
  for (const Reply& reply : replies) {
    const auto* const piece = std::get_if<SendPiece>(&step.action);
    EXPECT_TRUE(piece == nullptr || piece->with_digest);
    step = client.next(reply, {});
  }
  return std::get<Finished>(step.action).compared;
}

TEST(UploadClientDigests, are_counted_where_the_server_has_compared_them) {
  const Answer done = told(200, "{}");
  Answer pending = told(503, R"({"error":"DeliveryPending"})");
  pending.retry_after = std::chrono::seconds(1);
  EXPECT_EQ(compared_by({has("0-3"), has("0-7"), done}), 10U);
  EXPECT_EQ(compared_by({has("0-3"), has("0-7"), pending, has("0-8"), done}), 10U);
  EXPECT_EQ(compared_by({has("0-3"), has("0-8"), done}), 9U) << "another has sent a byte";
  EXPECT_EQ(compared_by({broken_off, has("0-1"), has("0-5"), done}), 8U)
      << "a piece broke off behind two bytes";
  EXPECT_EQ(
      compared_by({has("0-3"), broken_off, has("0-0"), broken_off, has("0-3"), has("0-7"), done}),
      7U)
      << "the server has lost three bytes, and those that came for them were not compared";
}

TEST(UploadClientDigests, are_sent_where_the_server_asks_for_them) {
  UploadClient client = client_of_four_bytes();
  client.start();
  EXPECT_FALSE(std::get<SendPiece>(client.next(session(false), {}).action).with_digest);
  EXPECT_FALSE(std::get<SendPiece>(client.next(has("0-3"), {}).action).with_digest);
  client.next(broken_off, {});
  Answer asking = has("0-3");
  asking.wants_digest = true;
  EXPECT_TRUE(std::get<SendPiece>(client.next(asking, {}).action).with_digest);
}

TEST(UploadClientDigests, a_piece_that_was_damaged_on_its_way_is_sent_again) {
  UploadClient client = client_of_four_bytes();
  client.start();
  client.next(session(true), {});
  const Step again = client.next(told(400, R"({"error":"DigestMismatch"})"), {});
  EXPECT_TRUE(std::holds_alternative<QueryStatus>(again.action));
  EXPECT_EQ(client.failures_in_row(), 1);
  EXPECT_EQ(std::get<SendPiece>(client.next(told(204), {}).action).range, (ByteRange{0, 4}));
}

}  // namespace
}  // namespace sluice::cli
