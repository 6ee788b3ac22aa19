// SPDX-License-Identifier: MIT
#include "protocol/upload_answer.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <string>

#include "base/limits.h"

namespace sluice::protocol {
namespace {

using model::UploadState;

upload::Snapshot snapshot_of(UploadState state, std::optional<std::uint64_t> size,
                             std::uint64_t stored, std::uint64_t acknowledged) {
  upload::Snapshot snapshot;
  snapshot.state = state;
  snapshot.file_size = size;
  snapshot.acknowledged = acknowledged;
  snapshot.stored.add({0, stored});
  if (state == UploadState::delivered || state == UploadState::refused) {
    snapshot.answer.emplace();
  }
  return snapshot;
}

upload::Snapshot snapshot_of(std::uint64_t acknowledged) {
  upload::Snapshot snapshot;
  snapshot.file_size = 10;
  snapshot.acknowledged = acknowledged;
  return snapshot;
}

TEST(ToldOffset, WithholdsTheLastByteUntilTheBackendHasTakenTheFile) {
  EXPECT_EQ(told_offset(snapshot_of(UploadState::receiving, 9, 4, 4)), 4U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::receiving, {}, 4, 4)), 4U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::receiving, 9, 9, 9)), 8U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::received, 9, 9, 8)), 8U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::failed, 9, 9, 9)), 8U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::refused, 9, 9, 9)), 8U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::delivered, 9, 9, 9)), 9U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::refused, 0, 0, 0)), 0U);
  EXPECT_EQ(told_offset(snapshot_of(UploadState::delivered, 0, 0, 0)), 0U);
  upload::Snapshot partial = snapshot_of(UploadState::receiving, 9, 9, 9);
  partial.is_partial = true;
  EXPECT_EQ(told_offset(partial), 9U) << "no backend gets it";
}

TEST(UploadAnswer, GivesTheStoredPrefixAsTheSpecificationWritesIt) {
  EXPECT_FALSE(progress_answer(snapshot_of(0), "u").headers.find("Range"));
  EXPECT_EQ(progress_answer(snapshot_of(1), "u").headers.find("Range"), "0-0");
  const http::Response response = progress_answer(snapshot_of(7), "http://h/u");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.find("Range"), "0-6");
  EXPECT_EQ(response.headers.find("Location"), "http://h/u");
  EXPECT_EQ(response.body, "");
}

TEST(UploadAnswer, RepeatsTheBackendsAnswer) {
  upload::Snapshot snapshot = snapshot_of(10);
  model::Answer answer;
  answer.status = 200;
  answer.headers = {{"Content-Type", "application/json"}, {"Location", "http://elsewhere/"}};
  answer.body = "{}";
  snapshot.answer = answer;
  const http::Response response = progress_answer(snapshot, "http://h/u");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{}");
  EXPECT_EQ(response.headers.find("Range"), "0-9");
  EXPECT_EQ(response.headers.count("Location"), 1U);
  EXPECT_EQ(response.headers.find("Location"), "http://elsewhere/");
  snapshot.answer->headers.pop_back();
  EXPECT_EQ(progress_answer(snapshot, "http://h/u").headers.find("Location"), "http://h/u");
}

TEST(UploadAnswer, DescribesRangesInclusively) {
  upload::Snapshot snapshot = snapshot_of(2);
  snapshot.id = 3;
  snapshot.file_name = "a\xFF\"b";
  snapshot.stored.add({0, 2});
  snapshot.stored.add({5, 6});
  EXPECT_EQ(description_answer(snapshot).body,
            "{\"id\":3,\"file_name\":\"a\xEF\xBF\xBD\\\"b\",\"file_size\":10,"
            "\"state\":\"receiving\",\"received\":2,\"stored\":[[0,1],[5,5]],"
            "\"created_at\":\"1970-01-01T00:00:00Z\",\"expires_at\":\"1970-01-01T00:00:00Z\"}");
}

// What the description has behind the times.
std::string described(const model::Answer& answer) {
  upload::Snapshot snapshot = snapshot_of(10);
  snapshot.state = UploadState::delivered;
  snapshot.answer = answer;
  const std::string text = description_answer(snapshot).body;
  const std::size_t begin = text.find(",\"answer\":");
  EXPECT_NE(begin, std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("}}")) << text;
  return text.substr(begin + 10, text.size() - begin - 11);
}

TEST(UploadAnswer, DescribesTheBackendsAnswer) {
  model::Answer answer;
  answer.status = 200;
  answer.headers = {{"X-A", "b"}, {"content-type", "application/json; charset=utf-8"}};
  answer.body = R"({"id":12345678901234567890123,"a":1.0})";
  EXPECT_EQ(described(answer), R"({"status":200,"content_type":"application/json; charset=utf-8",)"
                               R"("body":{"id":12345678901234567890123,"a":1.0}})");
  answer.headers = {{"Content-Type", "application/problem+json"}};
  answer.body = "[1]";
  EXPECT_EQ(described(answer),
            R"({"status":200,"content_type":"application/problem+json","body":[1]})");
  answer.status = 422;
  for (const char* const no_json : {R"({"a":1)", "", "{} {}", R"({"a":1},"state":"received")"}) {
    answer.body = no_json;
    EXPECT_EQ(described(answer), R"({"status":422,"content_type":"application/problem+json",)"
                                 R"("body":)" +
                                     boost::json::serialize(boost::json::string(no_json)) + "}");
  }
  answer.headers = {{"Content-Type", "text/plain"}};
  answer.body = "12\xFF\"";
  EXPECT_EQ(described(answer),
            "{\"status\":422,\"content_type\":\"text/plain\",\"body\":\"12\xEF\xBF\xBD\\\"\"}");
  answer.headers.clear();
  EXPECT_EQ(described(answer), "{\"status\":422,\"body\":\"12\xEF\xBF\xBD\\\"\"}");
}

TEST(UploadAnswer, DescribesNoLongBody) {
  model::Answer answer;
  answer.status = 200;
  answer.body.assign(limits::described_answer_bytes_max, 'a');
  EXPECT_EQ(described(answer), R"({"status":200,"body":")" + answer.body + "\"}");
  answer.body += 'a';
  EXPECT_EQ(described(answer), R"({"status":200,"body_bytes":65537})");
  answer.body.clear();
  answer.spilled_bytes = 2'000'000;
  EXPECT_EQ(described(answer), R"({"status":200,"body_bytes":2000000})");
}

TEST(UploadAnswer, WritesTimesInUtc) {
  const auto time = [](std::int64_t ms) { return to_iso8601(Timestamp(Duration(ms))); };
  EXPECT_EQ(time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time(951'782'400'000), "2000-02-29T00:00:00Z");
  EXPECT_EQ(time(1'795'368'058'999), "2026-11-22T17:20:58Z");
}

}  // namespace
}  // namespace sluice::protocol
