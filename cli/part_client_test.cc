// SPDX-License-Identifier: MIT
#include "cli/part_client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::cli {
namespace {

using std::chrono::seconds;

RetryPolicy three_retries() {
  RetryPolicy policy;
  policy.retries_max = 3;
  policy.handoff_time_max = seconds(100);
  return policy;
}

// Parts 0-4, 4-8 and 8-10.
PartClient client_of_three() {
  return {three_retries(), {.file_size = 10, .part_size = 4}, false, [] { return 1.0; }};
}

Answer status(int code, std::string body = {}, std::optional<seconds> retry_after = {}) {
  return {.status = code,
          .range = {},
          .location = {},
          .retry_after = retry_after,
          .body = std::move(body)};
}

std::string shown(const PartClient::PartStep& step) {
  if (const auto* finished = std::get_if<Finished>(&step)) {
    return "done " + finished->body;
  }
  if (const auto* failed = std::get_if<Failed>(&step)) {
    return "failed " + std::to_string(exit_status(failed->exit_code));
  }
  if (const auto* again = std::get_if<RepeatRequest>(&step)) {
    return "again " + std::to_string(again->attempt);
  }
  return "stored";
}

std::vector<std::uint64_t> parts_left(PartClient& client) {
  std::vector<std::uint64_t> indices;
  while (const std::optional<Part> part = client.take()) {
    indices.push_back(part->index);
  }
  return indices;
}

const NoAnswer cut{"connection lost"};

TEST(PartClient, gives_each_part_to_one_connection) {
  PartClient client = client_of_three();
  std::vector<Part> parts;
  while (const std::optional<Part> part = client.take()) {
    parts.push_back(*part);
  }
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[2].range, (ByteRange{8, 10}));
  EXPECT_EQ(shown(client.on_part(parts[1], status(200), {})), "stored");
  EXPECT_EQ(shown(client.on_part(parts[2], status(200), {})), "stored");
  EXPECT_EQ(client.stored(), 6U);
  EXPECT_EQ(shown(client.on_part(parts[0], status(200, "{}"), {})), "done {}");
  EXPECT_EQ(client.stored(), 10U);
}

TEST(PartClient, counts_one_trouble_of_all_connections_once) {
  PartClient client = client_of_three();
  Part first = *client.take();
  Part second = *client.take();
  for (int round = 1; round <= 3; ++round) {
    EXPECT_EQ(shown(client.on_part(first, cut, {})), "again " + std::to_string(round));
    EXPECT_EQ(shown(client.on_part(second, status(500), {})), "again " + std::to_string(round));
  }
  EXPECT_EQ(shown(client.on_part(second, cut, {})), "failed 4");
}

TEST(PartClient, forgives_failures_after_progress) {
  PartClient client = client_of_three();
  Part first = *client.take();
  Part second = *client.take();
  for (int round = 0; round < 3; ++round) {
    client.on_part(first, cut, {});
  }
  client.on_part(second, status(200), {});
  EXPECT_EQ(shown(client.on_part(first, cut, {})), "again 1");
}

TEST(PartClient, waits_for_the_application_beyond_the_retries) {
  PartClient client = client_of_three();
  Part first = *client.take();
  Part second = *client.take();
  Part last = *client.take();
  EXPECT_EQ(shown(client.on_part(last, status(503, {}, seconds(1)), {})), "again 1")
      << "others are missing";
  EXPECT_FALSE(client.waits_for_answer());
  client.on_part(first, status(200), {});
  client.on_part(second, status(200), {});
  const PartClient::Time start{};
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(shown(client.on_part(last, status(503, {}, seconds(1)), start + seconds(i))),
              "again 0");
  }
  EXPECT_TRUE(client.waits_for_answer());
  EXPECT_EQ(shown(client.on_part(last, status(503, {}, seconds(1)), start + seconds(100))),
            "failed 4");
}

TEST(PartClient, may_hear_first_that_the_application_has_not_answered) {
  PartClient client(three_retries(), {.file_size = 10, .part_size = 4}, true, [] { return 1.0; });
  Part first = *client.take();
  Part second = *client.take();
  Part last = *client.take();
  const Answer pending = status(503, R"({"error":"DeliveryPending"})", seconds(1));
  EXPECT_EQ(shown(client.on_part(second, pending, {})), "again 0");
  EXPECT_TRUE(client.waits_for_answer());
  client.on_part(first, status(200), {});
  Answer answer = status(200, "{}");
  answer.is_applications = true;
  const auto end = client.on_part(last, answer, {});
  ASSERT_EQ(shown(end), "done {}");
  EXPECT_EQ(std::get<Finished>(end).compared, 10U) << "the second part counts, too";
}

TEST(PartClient, says_nothing_of_a_part_that_only_asks_for_the_answer) {
  PartClient client(three_retries(), {.file_size = 10, .part_size = 4}, true, [] { return 1.0; });
  client.on_status(status(200, R"({"missing_parts":[],"media_id":"a"})"));
  Part last = *client.take();
  EXPECT_FALSE(last.with_digest);
  EXPECT_EQ(std::get<Finished>(client.on_part(last, status(200, "{}"), {})).compared, 0U);
}

TEST(PartClient, takes_refusals_for_final) {
  PartClient client = client_of_three();
  Part part = *client.take();
  EXPECT_EQ(shown(client.on_part(part, status(409), {})), "failed 3");
  EXPECT_EQ(shown(client.on_part(part, NoAnswer{"self-signed", true}, {})), "failed 4");
  Answer refusal = status(422);
  refusal.is_applications = true;
  EXPECT_EQ(shown(client.on_part(part, refusal, {})), "failed 5");
}

TEST(PartClient, asks_when_an_answer_does_not_fit_the_parts) {
  PartClient client = client_of_three();
  Part first = *client.take();
  EXPECT_EQ(shown(client.on_part(first, status(200, "<html>"), {})), "stored");
  EXPECT_EQ(parts_left(client), std::vector<std::uint64_t>{}) << "nothing before the status";
  EXPECT_TRUE(std::holds_alternative<PartsKnown>(
      client.on_status(status(200, R"({"missing_parts":[0,1],"media_id":"a"})"))));
  EXPECT_EQ(client.stored(), 2U);
  EXPECT_EQ(parts_left(client), (std::vector<std::uint64_t>{0, 1}));
}

TEST(PartClient, sends_a_part_again_to_hear_the_answer_of_a_finished_upload) {
  for (const char* body : {R"({"missing_parts":[],"media_id":"a"})", R"({"media_id":"a"})"}) {
    PartClient client = client_of_three();
    EXPECT_TRUE(std::holds_alternative<PartsKnown>(client.on_status(status(200, body))));
    Part last = *client.take();
    EXPECT_EQ(last.index, 2U);
    EXPECT_EQ(client.take(), std::nullopt);
    EXPECT_EQ(shown(client.on_part(last, status(200, "{}"), {})), "done {}");
  }
}

TEST(PartClient, takes_the_applications_answer_even_without_a_body) {
  PartClient client = client_of_three();
  Part part = *client.take();
  Answer answer = status(200);
  answer.is_applications = true;
  EXPECT_EQ(shown(client.on_part(part, answer, {})), "done ");
}

TEST(PartClient, believes_no_odd_status) {
  for (const char* body : {"<html>", "[]", "{}", R"({"missing_parts":1})",
                           R"({"missing_parts":["0"]})", R"({"missing_parts":[-1]})"}) {
    SCOPED_TRACE(body);
    PartClient client = client_of_three();
    EXPECT_TRUE(std::holds_alternative<RepeatRequest>(client.on_status(status(200, body))));
  }
  PartClient client = client_of_three();
  EXPECT_TRUE(
      std::holds_alternative<Failed>(client.on_status(status(200, R"({"missing_parts":[3]})"))));
  EXPECT_TRUE(std::holds_alternative<SessionUnknown>(client.on_status(status(404))));
  EXPECT_TRUE(std::holds_alternative<RepeatRequest>(client.on_status(cut)));
  EXPECT_TRUE(std::holds_alternative<Failed>(client.on_status(status(403))));
}

TEST(PartClient, does_not_ask_for_ever) {
  PartClient client = client_of_three();
  const Answer nothing_missing = status(200, R"({"missing_parts":[]})");
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(std::holds_alternative<PartsKnown>(client.on_status(nothing_missing)));
    Part last = *client.take();
    EXPECT_EQ(shown(client.on_part(last, status(200), {})), "stored");
  }
  EXPECT_TRUE(std::holds_alternative<Failed>(client.on_status(nothing_missing)));
}

TEST(PartClient, knows_how_much_the_server_has_compared) {
  PartClient client = client_of_three();
  Answer known = status(200, R"({"missing_parts":[1,2]})");
  known.wants_digest = true;
  client.on_status(known);
  Part second = *client.take();
  Part last = *client.take();
  EXPECT_TRUE(second.with_digest && last.with_digest);
  EXPECT_EQ(shown(client.on_part(second, cut, {})), "again 1");
  client.on_part(second, status(200), {});
  const PartClient::PartStep end = client.on_part(last, status(200, "{}"), {});
  EXPECT_EQ(std::get<Finished>(end).compared, 6U) << "the first part came with an earlier command";
}

TEST(PartLayout, has_one_part_without_bytes_for_an_empty_file) {
  const PartLayout layout{.file_size = 0, .part_size = 4};
  EXPECT_EQ(layout.count(), 1U);
  EXPECT_TRUE(layout.range(0).empty());
}

}  // namespace
}  // namespace sluice::cli
