// SPDX-License-Identifier: MIT
#include "cli/upload_client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::cli {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t file_size = 10;
const std::string location = "http://one/upload?id=1";

// The longest wait that the jitter allows, so that waits can be compared.
double no_luck() {
  return 1.0;
}

RetryPolicy policy() {
  RetryPolicy policy;
  policy.piece_bytes = 4;
  policy.retries_max = 3;
  policy.handoff_time_max = seconds(100);
  return policy;
}

Answer created() {
  return {.status = 201,
          .range = {},
          .location = {},
          .retry_after = {},
          .body = R"({"id":1,"location":"http://one/upload?id=1"})"};
}

Answer incomplete(std::optional<std::string> range) {
  return {.status = 204,
          .range = std::move(range),
          .location = location,
          .retry_after = {},
          .body = {}};
}

Answer answer(int status, std::string body = {}, std::optional<seconds> retry_after = {}) {
  return {.status = status,
          .range = {},
          .location = {},
          .retry_after = retry_after,
          .body = std::move(body)};
}

// "session", "status", "piece 0-4", "done BODY", "failed 4".
std::string shown(const Step& step) {
  struct Show {
    std::string operator()(const CreateSession&) { return "session"; }
    std::string operator()(const QueryStatus&) { return "status"; }
    std::string operator()(const SendPiece& piece) {
      return "piece " + std::to_string(piece.range.begin) + "-" + std::to_string(piece.range.end);
    }
    std::string operator()(const SendParts& parts) {
      return "parts " + std::to_string(parts.layout.count());
    }
    std::string operator()(const Finished& finished) { return "done " + finished.body; }
    std::string operator()(const Failed& failed) {
      return "failed " + std::to_string(static_cast<int>(failed.exit_code));
    }
  };
  return std::visit(Show{}, step.action);
}

// The reply, and the step that has to follow.
struct Exchange {
  Reply reply;
  std::string expected;
};

struct Script {
  const char* name;
  std::vector<Exchange> exchanges;
  std::uint64_t size = file_size;
};

const NoAnswer lost{"connection lost"};

std::vector<Script> ways_to_the_end() {
  return {
      {"straight",
       {{created(), "piece 0-4"},
        {incomplete("0-3"), "piece 4-8"},
        {incomplete("0-7"), "piece 8-10"},
        {answer(200, "{}"), "done {}"}}},
      {"empty file", {{created(), "piece 0-0"}, {answer(200, "{}"), "done {}"}}, 0},
      {"another success is the final answer as well",
       {{created(), "piece 0-3"}, {answer(201, "x"), "done x"}},
       3},
      {"server has less than was sent",
       {{created(), "piece 0-4"}, {incomplete("0-1"), "piece 2-6"}}},
      {"server has more than was sent",
       {{created(), "piece 0-4"}, {incomplete("0-6"), "piece 7-10"}}},
      {"server has nothing", {{created(), "piece 0-4"}, {incomplete({}), "piece 0-4"}}},
      {"withheld last byte",
       {{created(), "piece 0-4"}, {incomplete("0-8"), "piece 9-10"}, {answer(200), "done "}}},
      {"full range without an answer",
       {{created(), "piece 0-4"}, {incomplete("0-9"), "piece 9-10"}, {answer(200), "done "}}},
      {"lost connection",
       {{created(), "piece 0-4"}, {lost, "status"}, {incomplete("0-1"), "piece 2-6"}}},
      {"lost final answer",
       {{created(), "piece 0-4"},
        {incomplete("0-7"), "piece 8-10"},
        {lost, "status"},
        {answer(200, "{}"), "done {}"}}},
  };
}

std::vector<Script> failures() {
  return {
      {"5xx and 408 are asked about",
       {{created(), "piece 0-4"},
        {answer(500), "status"},
        {answer(503), "status"},
        {answer(408), "status"},
        {incomplete({}), "piece 0-4"}}},
      {"no session yet",
       {{lost, "session"},
        {answer(503), "session"},
        {answer(408), "session"},
        {created(), "piece 0-4"}}},
      {"gives up after the retries",
       {{created(), "piece 0-4"},
        {lost, "status"},
        {lost, "status"},
        {answer(502), "status"},
        {lost, "failed 4"}}},
      {"a query without news does not forgive the failures",
       {{created(), "piece 0-4"},
        {lost, "status"},
        {incomplete({}), "piece 0-4"},
        {lost, "status"},
        {incomplete({}), "piece 0-4"},
        {lost, "status"},
        {incomplete({}), "piece 0-4"},
        {lost, "failed 4"}}},
      {"progress forgives the failures",
       {{created(), "piece 0-4"},
        {lost, "status"},
        {lost, "status"},
        {lost, "status"},
        {incomplete("0-0"), "piece 1-5"},
        {lost, "status"},
        {lost, "status"},
        {lost, "status"},
        {lost, "failed 4"}}},
      {"no progress in five answers",
       {{created(), "piece 0-4"},
        {incomplete("0-1"), "piece 2-6"},
        {incomplete("0-1"), "piece 2-6"},
        {incomplete("0-1"), "piece 2-6"},
        {incomplete("0-1"), "piece 2-6"},
        {incomplete("0-1"), "piece 2-6"},
        {incomplete("0-1"), "failed 4"}}},
      {"the server loses what it acknowledged, again and again",
       {{created(), "piece 0-4"},
        {incomplete("0-3"), "piece 4-8"},
        {incomplete({}), "piece 0-4"},
        {incomplete("0-3"), "piece 4-8"},
        {incomplete({}), "piece 0-4"},
        {incomplete("0-3"), "piece 4-8"},
        {incomplete({}), "piece 0-4"},
        {incomplete("0-3"), "piece 4-8"},
        {incomplete({}), "failed 4"}}},
  };
}

std::vector<Script> odd_answers() {
  return {
      {"success before the end is asked about",
       {{created(), "piece 0-4"}, {answer(200, "?"), "status"}, {answer(200, "{}"), "done {}"}}},
      {"success before the end that was none",
       {{created(), "piece 0-4"}, {answer(200, "?"), "status"}, {incomplete("0-3"), "piece 4-8"}}},
      {"client errors are final", {{created(), "piece 0-4"}, {answer(404), "failed 3"}}},
      {"client errors of the session are final", {{answer(413), "failed 3"}}},
      {"too many requests is a client error", {{answer(429), "failed 3"}}},
      {"redirect", {{answer(301), "failed 3"}}},
      {"session without location", {{answer(201, R"({"id":1})"), "failed 3"}}},
      {"session that is no JSON", {{answer(200, "<html>"), "failed 3"}}},
      {"session with an empty location", {{answer(201, R"({"location":""})"), "failed 3"}}},
      {"malformed range", {{created(), "piece 0-4"}, {incomplete("bytes=0-3"), "failed 3"}}},
      {"range that does not begin at 0",
       {{created(), "piece 0-4"}, {incomplete("2-3"), "failed 3"}}},
      {"range longer than the file", {{created(), "piece 0-4"}, {incomplete("0-10"), "failed 3"}}},
      {"bad certificate", {{NoAnswer{"self-signed", true}, "failed 4"}}},
  };
}

void play(const std::vector<Script>& scripts) {
  for (const Script& script : scripts) {
    SCOPED_TRACE(script.name);
    UploadClient client(policy(), script.size, no_luck);
    EXPECT_EQ(shown(client.start()), "session");
    std::size_t line = 0;
    for (const Exchange& exchange : script.exchanges) {
      SCOPED_TRACE(line++);
      EXPECT_EQ(shown(client.next(exchange.reply, {})), exchange.expected);
    }
  }
}

TEST(UploadClient, goes_on_where_the_server_says) {
  play(ways_to_the_end());
}

TEST(UploadClient, retries_what_a_retry_can_heal) {
  play(failures());
}

TEST(UploadClient, believes_no_odd_answer) {
  play(odd_answers());
}

TEST(UploadClient, waits_longer_after_each_failure_up_to_a_bound) {
  RetryPolicy patient = policy();
  patient.retries_max = 12;
  UploadClient client(patient, file_size, no_luck);
  client.start();
  std::vector<std::int64_t> waits(10);
  for (std::int64_t& wait : waits) {
    wait = client.next(lost, {}).wait.count();
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000,
                                              30000}));
}

TEST(UploadClient, jitter_is_the_whole_wait) {
  UploadClient client(policy(), file_size, [] { return 0.0; });
  client.start();
  EXPECT_EQ(client.next(lost, {}).wait, Duration{0});
}

TEST(UploadClient, honours_retry_after_within_a_bound) {
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  EXPECT_EQ(client.next(answer(503, {}, seconds(7)), {}).wait, seconds(7));
  EXPECT_EQ(client.next(answer(503, {}, seconds(0)), {}).wait, Duration{500});
  EXPECT_EQ(client.next(answer(503, {}, seconds(1'000'000'000'000)), {}).wait, seconds(600));
}

TEST(UploadClient, waits_before_it_sends_a_piece_again) {
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  EXPECT_EQ(client.next(created(), {}).wait, Duration{0});
  EXPECT_EQ(client.next(incomplete({}), {}).wait, Duration{250});
  EXPECT_EQ(client.next(incomplete({}), {}).wait, Duration{500});
  EXPECT_EQ(client.next(incomplete("0-3"), {}).wait, Duration{0});
}

TEST(UploadClient, asks_before_a_body_only_when_the_last_one_did_not_go_through) {
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  EXPECT_TRUE(std::get<SendPiece>(client.next(created(), {}).action).ask_first);
  EXPECT_FALSE(std::get<SendPiece>(client.next(incomplete("0-3"), {}).action).ask_first);
  EXPECT_TRUE(std::get<SendPiece>(client.next(incomplete("0-3"), {}).action).ask_first);
}

TEST(UploadClient, follows_every_changed_location) {
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  client.next(created(), {});
  EXPECT_EQ(client.location(), location);
  Answer moved = incomplete("0-3");
  moved.location = "http://two/upload?id=1";
  client.next(moved, {});
  EXPECT_EQ(client.location(), "http://two/upload?id=1");
  moved.location.reset();
  client.next(moved, {});
  EXPECT_EQ(client.location(), "http://two/upload?id=1");
}

TEST(UploadClient, waits_for_a_hand_off_beyond_the_retries) {
  UploadClient client(policy(), file_size, no_luck);
  const UploadClient::Time start{};
  client.start();
  client.next(created(), start);
  client.next(incomplete("0-8"), start);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(shown(client.next(answer(503, {}, seconds(1)), start + seconds(i))), "status");
    EXPECT_EQ(shown(client.next(incomplete("0-8"), start + seconds(i))), "piece 9-10");
  }
  EXPECT_EQ(client.failures_in_row(), 0);
  EXPECT_EQ(shown(client.next(answer(503, {}, seconds(1)), start + seconds(100))), "failed 4");
}

TEST(UploadClient, hears_of_a_hand_off_with_the_last_piece) {
  const std::string pending = R"({"error":"DeliveryPending","message":"ask again"})";
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  client.next(created(), {});
  client.next(answer(503, pending, seconds(1)), {});
  EXPECT_EQ(client.failures_in_row(), 1) << "not the last piece";
  client.next(incomplete("0-7"), {});
  client.next(answer(503, pending, seconds(1)), {});
  EXPECT_EQ(client.failures_in_row(), 0);
}

TEST(UploadClient, asks_for_the_answer_of_a_hand_off_often_but_not_at_once) {
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  client.next(created(), {});
  client.next(incomplete("0-8"), {});
  std::vector<std::int64_t> waits(6);
  for (std::int64_t& wait : waits) {
    wait = client.next(answer(503, {}, seconds(0)), {}).wait.count();
    client.next(incomplete("0-8"), {});
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{250, 500, 1000, 2000, 2000, 2000}));
}

TEST(UploadClient, counts_other_faults_in_a_hand_off) {
  UploadClient client(policy(), file_size, no_luck);
  client.start();
  client.next(created(), {});
  client.next(incomplete("0-8"), {});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(shown(client.next(answer(503), {})), "status");  // Without Retry-After.
    EXPECT_EQ(shown(client.next(incomplete("0-8"), {})), "piece 9-10");
  }
  EXPECT_EQ(shown(client.next(answer(502, {}, seconds(1)), {})), "failed 4");
}

TEST(UploadClient, continues_where_the_server_is) {
  UploadClient client(policy(), file_size, no_luck);
  EXPECT_EQ(shown(client.resume(location)), "status");
  EXPECT_EQ(shown(client.next(incomplete("0-4"), {})), "piece 5-9");
  EXPECT_EQ(client.stored(), 5U);
}

TEST(UploadClient, learns_that_a_resumed_upload_is_finished) {
  UploadClient client(policy(), file_size, no_luck);
  client.resume(location);
  EXPECT_EQ(shown(client.next(answer(200, "{}"), {})), "done {}");
}

TEST(UploadClient, begins_again_once_when_the_saved_session_is_gone) {
  UploadClient client(policy(), file_size, no_luck);
  client.resume(location);
  EXPECT_EQ(shown(client.next(lost, {})), "status");
  const Step again = client.next(answer(404), {});
  EXPECT_EQ(shown(again), "session");
  EXPECT_NE(again.note, "");
  EXPECT_EQ(client.location(), "");
  EXPECT_EQ(shown(client.next(created(), {})), "piece 0-4");
  EXPECT_EQ(shown(client.next(answer(404), {})), "failed 3");
}

TEST(UploadClient, does_not_begin_again_once_the_saved_session_was_seen) {
  UploadClient client(policy(), file_size, no_luck);
  client.resume(location);
  client.next(incomplete("0-4"), {});
  EXPECT_EQ(shown(client.next(answer(404), {})), "failed 3");
}

// The upload is still there for when the operator has done something.
TEST(UploadClient, does_not_ask_again_where_only_the_operator_can_help) {
  const std::string given_up = R"({"error":"DeliveryFailed","message":"is not asked again"})";
  for (const Answer& decided :
       {answer(502, given_up, seconds(1)), answer(507, R"({"error":"InsufficientStorage"})")}) {
    SCOPED_TRACE(decided.status);
    UploadClient client(policy(), file_size, no_luck);
    client.resume(location);
    const auto failed = std::get<Failed>(client.next(decided, {}).action);
    EXPECT_EQ(failed.exit_code, ExitCode::refused);
    EXPECT_FALSE(failed.session_dead);
  }
  for (const Answer& passing : {answer(502), answer(502, R"({"error":"BadGateway"})", seconds(1)),
                                answer(507, given_up, seconds(1))}) {
    SCOPED_TRACE(passing.status);
    UploadClient client(policy(), file_size, no_luck);
    client.resume(location);
    EXPECT_EQ(shown(client.next(passing, {})), "status");
  }
}

TEST(UploadClient, says_whether_there_is_something_to_come_back_to) {
  for (const auto& [status, dead] : std::vector<std::pair<int, bool>>{
           {400, true}, {404, true}, {409, true}, {401, false}, {429, false}}) {
    SCOPED_TRACE(status);
    UploadClient client(policy(), file_size, no_luck);
    client.start();
    client.next(created(), {});
    EXPECT_EQ(std::get<Failed>(client.next(answer(status), {}).action).session_dead, dead);
  }
}

TEST(UploadClient, takes_the_parts_that_the_session_has) {
  const auto session = [](const std::string& parts) {
    UploadClient client(policy(), file_size, no_luck);
    client.start();
    return shown(client.next(answer(201, R"({"location":"http://one/",)" + parts + "}"), {}));
  };
  EXPECT_EQ(session(R"("parts":"3","part_size":"4","max_connections":"8")"), "parts 3");
  EXPECT_EQ(session(R"("parts":3,"part_size":4)"), "parts 3");
  EXPECT_EQ(session(R"("extra":1)"), "piece 0-4");
  for (const char* odd : {R"("parts":"2","part_size":"4")", R"("parts":"3","part_size":"0")",
                          R"("part_size":"4")", R"("parts":"3","part_size":"many")"}) {
    EXPECT_EQ(session(odd), "failed 3") << odd;
  }
}

TEST(UploadClient, goes_on_with_the_parts_of_a_saved_session) {
  UploadClient client(policy(), file_size, no_luck);
  EXPECT_EQ(shown(client.resume(location, PartLayout{.file_size = 10, .part_size = 2})), "parts 5");
  EXPECT_EQ(client.location(), location);
  EXPECT_EQ(shown(client.start_again()), "session");
  EXPECT_EQ(client.location(), "");
}

TEST(UploadClientOfUnknownSize, tells_the_size_with_the_last_piece) {
  UploadClient client(policy(), std::nullopt, no_luck);
  EXPECT_EQ(shown(client.start()), "session");
  EXPECT_EQ(shown(client.next(created(), {})), "piece 0-4");
  EXPECT_EQ(client.limit_piece(6, false).range, (ByteRange{0, 4}));
  EXPECT_EQ(shown(client.next(incomplete("0-3"), {})), "piece 4-8");
  EXPECT_EQ(client.limit_piece(7, true).range, (ByteRange{4, 7}));
  EXPECT_EQ(shown(client.next(lost, {})), "status");
  EXPECT_EQ(shown(client.next(incomplete("0-5"), {})), "piece 6-7");
  EXPECT_EQ(shown(client.next(answer(503, {}, seconds(1)), {})), "status");
  EXPECT_EQ(client.failures_in_row(), 0);
  EXPECT_EQ(shown(client.next(answer(200, "{}"), {})), "done {}");
}

TEST(UploadClientOfUnknownSize, sends_less_than_a_piece_when_no_more_is_there) {
  UploadClient client(policy(), std::nullopt, no_luck);
  client.start();
  client.next(created(), {});
  EXPECT_EQ(client.limit_piece(2, false).range, (ByteRange{0, 2}));
  EXPECT_EQ(shown(client.next(incomplete("0-1"), {})), "piece 2-6");
}

TEST(UploadClientOfUnknownSize, believes_no_odd_answer) {
  const auto after_piece = [](const std::vector<Answer>& answers) {
    UploadClient client(policy(), std::nullopt, no_luck);
    client.start();
    client.next(created(), {});
    client.limit_piece(6, false);
    std::string last;
    for (const Answer& answer : answers) {
      last = shown(client.next(answer, {}));
    }
    return last;
  };
  EXPECT_EQ(after_piece({incomplete("0-4")}), "failed 3") << "more than was sent";
  EXPECT_EQ(after_piece({answer(200, "{}")}), "status") << "an end that has not been told";
  EXPECT_EQ(after_piece({answer(200, "{}"), answer(200, "{}")}), "failed 3");
  UploadClient client(policy(), std::nullopt, no_luck);
  client.start();
  Answer no_session = answer(201);
  no_session.location = location;
  EXPECT_EQ(shown(client.next(no_session, {})), "failed 3") << "of another language";
}

// Whatever its status: it would come again for ever.
TEST(UploadClient, takes_the_applications_no_for_final) {
  for (const int status : {400, 401, 403, 404, 408, 422, 429}) {
    SCOPED_TRACE(status);
    Answer refusal = answer(status, R"({"error":"TooMany","message":"not today"})");
    refusal.is_applications = true;
    refusal.retry_after = std::chrono::seconds(1);
    UploadClient client(policy(), file_size, no_luck);
    client.resume(location);
    const auto failed = std::get<Failed>(client.next(refusal, {}).action);
    EXPECT_EQ(failed.exit_code, ExitCode::file_refused);
    EXPECT_TRUE(failed.session_dead);
    EXPECT_NE(failed.message.find("TooMany: not today; the same command starts a new upload"),
              std::string::npos)
        << failed.message;
  }
}

}  // namespace
}  // namespace sluice::cli
