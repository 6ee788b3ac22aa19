// SPDX-License-Identifier: MIT
#include "s3/client.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "s3/documents.h"
#include "support/manual_clock.h"
#include "support/run.h"
#include "support/scripted_sender.h"

namespace sluice::s3 {
namespace {

using outgoing::HttpAnswer;
using sluice::testing::answer_of;
using sluice::testing::run;

HttpAnswer error_of(int status, const std::string& code) {
  return answer_of(status, "<Error><Code>" + code + "</Code></Error>");
}

HttpAnswer dated(HttpAnswer answer, const std::string& date) {
  answer.headers.emplace_back("Date", date);
  return answer;
}

HttpAnswer part_of(int status, const std::string& content_range, std::string body) {
  HttpAnswer answer = answer_of(status, std::move(body));
  answer.headers.emplace_back("Content-Range", content_range);
  return answer;
}

std::unexpected<Error> no_answer() {
  return fail(Errc::delivery_failed, "http://s3.test: connection reset");
}

class ClientTest : public ::testing::Test {
 protected:
  static ClientSettings settings(RequestFigures* figures = nullptr) {
    ClientSettings settings;
    settings.endpoint = *outgoing::parse_target("http://s3.test:80/");
    settings.bucket = "b";
    settings.key = {"AK", "SK", "", "r"};
    settings.pause = Duration::zero();
    settings.figures = figures;
    return settings;
  }
  // The errors of as many puts as the script has answers for.
  Result<> put(std::vector<Result<HttpAnswer>> answers) {
    sender_.requests.clear();
    sender_.answers.assign(answers.begin(), answers.end());
    return run(client_.put("p/k", payload_of("bytes")));
  }
  // How many tries of a put ended so.
  std::uint64_t tries(const std::string& result) const {
    std::uint64_t count = 0;
    figures_.seconds.for_each([&](const HistogramFamily::Labels& labels, const Histogram& seconds) {
      for (std::size_t i = 0; i <= Histogram::upper_bounds_seconds.size(); ++i) {
        count += labels == HistogramFamily::Labels("put", result) ? seconds.bucket(i) : 0;
      }
    });
    return count;
  }
  std::string path(std::size_t index) const { return sender_.requests.at(index).target.path; }

  sluice::testing::ScriptedSender sender_;
  sluice::testing::ManualClock clock_;
  RequestFigures figures_;
  Client client_{sender_, clock_, settings(&figures_)};
};

TEST_F(ClientTest, APutHasItsLengthItsHashAndASignatureOfBoth) {
  ASSERT_TRUE(put({answer_of(200)}));
  ASSERT_EQ(sender_.requests.size(), 1U);
  EXPECT_EQ(sender_.requests[0].method, "PUT");
  EXPECT_EQ(path(0), "/b/p/k");
  EXPECT_EQ(sender_.body(0), "bytes");
  EXPECT_EQ(sender_.header(0, "x-amz-content-sha256"), to_hex(sha256("bytes")));
  SignedParts parts{"PUT", "s3.test", "/b/p/k", "", {}};
  sign(parts, to_hex(sha256("bytes")), settings().key, clock_.now());
  EXPECT_EQ(sender_.header(0, "Authorization"),
            outgoing::find_header(parts.headers, "Authorization"));
}

TEST_F(ClientTest, WhatMayPassIsSentAgainWithTheSameKeyAndBytes) {
  ASSERT_TRUE(put({error_of(503, "SlowDown"), no_answer(), answer_of(200)}));
  ASSERT_EQ(sender_.requests.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(path(i), "/b/p/k");
    EXPECT_EQ(sender_.body(i), "bytes");
    EXPECT_EQ(sender_.header(i, "x-amz-content-sha256"), to_hex(sha256("bytes")));
  }
}

TEST_F(ClientTest, ANewKeySignsFromTheNextRequestOn) {
  const std::string before = client_.presigned_get("k", std::chrono::hours(1));
  client_.change_key({"AK2", "SK2", "token", "r"});
  ASSERT_TRUE(put({answer_of(200)}));
  SignedParts parts{"PUT", "s3.test", "/b/p/k", "", {}};
  sign(parts, to_hex(sha256("bytes")), {"AK2", "SK2", "token", "r"}, clock_.now());
  EXPECT_EQ(sender_.header(0, "Authorization"),
            outgoing::find_header(parts.headers, "Authorization"));
  EXPECT_EQ(sender_.header(0, "x-amz-security-token"), "token");
  EXPECT_NE(client_.presigned_get("k", std::chrono::hours(1)), before);
}

TEST_F(ClientTest, ThreeTriesAreTheMost) {
  const Result<> done = put({no_answer(), error_of(500, "InternalError"), answer_of(502)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable);
  EXPECT_EQ(done.error().message(), "PUT http://s3.test:80/b/p/k: 502");
  EXPECT_EQ(sender_.requests.size(), 3U);
}

TEST_F(ClientTest, WhatStaysAsItIsIsNotSentAgain) {
  const struct {
    Result<HttpAnswer> answer;
    Errc code;
  } rows[] = {
      {error_of(403, "AccessDenied"), Errc::unavailable},
      {error_of(404, "NoSuchBucket"), Errc::unavailable},
      {error_of(403, "QuotaExceeded"), Errc::disk_full},
      {answer_of(301), Errc::unavailable},
      {fail(Errc::storage_failed, "the body's file"), Errc::storage_failed},
      {fail(Errc::draining, "the end"), Errc::draining},
      {fail(Errc::overloaded, "too many"), Errc::overloaded},
  };
  for (const auto& row : rows) {
    const Result<> done = put({row.answer});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), row.code) << done.error().message();
    EXPECT_EQ(sender_.requests.size(), 1U) << done.error().message();
  }
}

TEST_F(ClientTest, EachTryIsCountedByHowItEnded) {
  ASSERT_TRUE(put({error_of(503, "SlowDown"), no_answer(), answer_of(200)}));
  EXPECT_EQ(tries("retried"), 2U);
  EXPECT_EQ(tries("ok"), 1U);
  EXPECT_EQ(figures_.bytes_sent.value(), 2 * std::string("bytes").size()) << "two were answered";
  EXPECT_EQ(figures_.bytes_received.value(), error_of(503, "SlowDown").body.size());
  ASSERT_FALSE(put({no_answer(), no_answer(), no_answer()}));
  EXPECT_EQ(tries("unavailable"), 1U);
  ASSERT_FALSE(put({error_of(403, "AccessDenied")}));
  EXPECT_EQ(tries("refused"), 1U);
  ASSERT_FALSE(put({error_of(403, "QuotaExceeded")}));
  EXPECT_EQ(tries("full"), 1U);
  ASSERT_FALSE(put({fail(Errc::draining, "the end")}));
  EXPECT_EQ(tries("not_sent"), 1U);
}

// The store asks for more time than the call has.
TEST_F(ClientTest, ALongRetryAfterEndsTheCall) {
  HttpAnswer busy = error_of(503, "SlowDown");
  busy.retry_after = std::chrono::minutes(1);
  EXPECT_FALSE(put({busy}));
  EXPECT_EQ(sender_.requests.size(), 1U);
}

TEST_F(ClientTest, EveryTryHasADeadline) {
  ASSERT_TRUE(put({answer_of(200)}));
  EXPECT_LE(sender_.requests[0].deadlines.whole, limits::s3_try_time_max);
  EXPECT_EQ(sender_.requests[0].deadlines.stall, limits::s3_stall_time_max);
  EXPECT_EQ(sender_.requests[0].deadlines.connect, limits::s3_connect_time_max);
  sender_.answers = {answer_of(200, "<CopyPartResult><ETag>e</ETag></CopyPartResult>")};
  ASSERT_TRUE(run(client_.upload_part_copy({"k", "id"}, 1, {"", "s", {0, 10}})));
  EXPECT_EQ(sender_.requests[1].deadlines.whole, Duration(limits::s3_copy_time_max));
}

// The manual clock stands at 2019-12-20T00:00:00Z.
TEST_F(ClientTest, TheTimeOfTheStoreIsFollowed) {
  const std::string an_hour_ahead = "Fri, 20 Dec 2019 01:00:00 GMT";
  ASSERT_TRUE(put({dated(error_of(403, "RequestTimeTooSkewed"), an_hour_ahead), answer_of(200)}));
  EXPECT_EQ(sender_.header(0, "x-amz-date"), "20191220T000000Z");
  EXPECT_EQ(sender_.header(1, "x-amz-date"), "20191220T010000Z");
  // An answer to HEAD does not say why it is one of 403.
  clock_.advance(std::chrono::hours(24));
  sender_.requests.clear();
  sender_.answers = {dated(answer_of(403), an_hour_ahead), answer_of(404)};
  EXPECT_EQ(*run(client_.head("k")), std::nullopt);
  EXPECT_EQ(sender_.header(0, "x-amz-date"), "20191221T010000Z");
  EXPECT_EQ(sender_.header(1, "x-amz-date"), "20191220T010000Z");
  EXPECT_EQ(client_.time_ahead(), std::chrono::hours(-23));
  // The clocks agree again.
  ASSERT_TRUE(put({dated(answer_of(200), "Sat, 21 Dec 2019 00:00:05 GMT"), answer_of(200)}));
  EXPECT_EQ(client_.time_ahead(), Duration::zero());
  ASSERT_TRUE(put({answer_of(200)}));
  EXPECT_EQ(sender_.header(0, "x-amz-date"), "20191221T000000Z");
}

TEST_F(ClientTest, ADateThatIsNoneIsIgnored) {
  for (const char* date : {"", "yesterday", "Fri, 99 Dec 2019 01:00:00 GMT"}) {
    ASSERT_TRUE(put({dated(answer_of(200), date)}));
    ASSERT_TRUE(put({answer_of(200)}));
    EXPECT_EQ(sender_.header(0, "x-amz-date"), "20191220T000000Z") << date;
  }
}

TEST_F(ClientTest, ARangeIsWhatWasAskedFor) {
  const struct {
    HttpAnswer answer;
    std::optional<Errc> code;
  } rows[] = {
      {part_of(206, "bytes 2-4/10", "cde"), std::nullopt},
      {part_of(206, "bytes 2-3/4", "cd"), Errc::storage_failed},
      {part_of(206, "bytes 0-2/10", "abc"), Errc::internal},
      {answer_of(200, "abcdefghij"), Errc::internal},
      {error_of(404, "NoSuchKey"), Errc::file_missing},
      {error_of(416, "InvalidRange"), Errc::storage_failed},
  };
  for (const auto& row : rows) {
    sender_.requests.clear();
    sender_.answers = {row.answer};
    const Result<std::string> bytes = run(client_.get_range("k", {2, 5}));
    EXPECT_EQ(sender_.header(0, "Range"), "bytes=2-4");
    if (row.code) {
      ASSERT_FALSE(bytes);
      EXPECT_EQ(bytes.error().code(), *row.code) << bytes.error().message();
    } else {
      ASSERT_TRUE(bytes) << bytes.error().message();
      EXPECT_EQ(*bytes, "cde");
    }
  }
}

TEST_F(ClientTest, AHeadTellsTheSize) {
  HttpAnswer answer = answer_of(200);
  answer.headers = {{"content-length", "18446744073709551615"}, {"ETag", "\"e\""}};
  sender_.answers = {answer};
  EXPECT_EQ(*run(client_.head("k")), (ObjectFacts{~0ULL, "\"e\""}));
  EXPECT_EQ(sender_.requests[0].method, "HEAD");
  EXPECT_EQ(sender_.requests[0].body, nullptr);
  sender_.answers = {answer_of(404)};
  EXPECT_EQ(*run(client_.head("k")), std::nullopt);
  sender_.answers = {answer_of(200)};
  EXPECT_FALSE(run(client_.head("k")));
}

TEST_F(ClientTest, AListGoesOnWhereAPageEnded) {
  sender_.answers = {answer_of(200, "<ListBucketResult/>"), answer_of(200, "<html/>")};
  EXPECT_TRUE(run(client_.list("p/", "to ken")));
  EXPECT_EQ(path(0),
            "/b?continuation-token=to%20ken&encoding-type=url&list-type=2&max-keys=250"
            "&prefix=p%2F");
  EXPECT_FALSE(run(client_.list("p/", "")));
}

TEST_F(ClientTest, AThousandKeysAreRemovedAtOnce) {
  const std::vector<std::string> keys(2001, "k");
  for (int i = 0; i < 3; ++i) {
    sender_.answers.emplace_back(answer_of(200, "<DeleteResult/>"));
  }
  ASSERT_TRUE(run(client_.remove(keys)));
  ASSERT_EQ(sender_.requests.size(), 3U);
  EXPECT_EQ(path(0), "/b?delete=");
  EXPECT_EQ(sender_.requests[0].method, "POST");
  EXPECT_EQ(sender_.body(2), removal_document(std::vector<std::string>{"k"}));
  // openssl md5 -binary | base64
  EXPECT_EQ(sender_.header(2, "Content-MD5"), "QAcVDTYpOI4jNnEgqpX3hA==");
}

TEST_F(ClientTest, AKeyThatIsLeftIsAnError) {
  sender_.answers = {answer_of(200,
                               "<DeleteResult><Error><Key>a</Key><Code>NoSuchKey</Code></Error>"
                               "</DeleteResult>"),
                     answer_of(200,
                               "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error>"
                               "</DeleteResult>")};
  EXPECT_TRUE(run(client_.remove({"a"})));
  const Result<> done = run(client_.remove({"a"}));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::unavailable);
  EXPECT_TRUE(done.error().message().starts_with("remove \"a\": 200 AccessDenied"));
}

TEST_F(ClientTest, TheRequestsOfAMultipartUpload) {
  const std::string created =
      "<InitiateMultipartUploadResult><UploadId>i/d</UploadId></InitiateMultipartUploadResult>";
  HttpAnswer part = answer_of(200);
  part.headers = {{"ETag", "\"1\""}};
  sender_.answers = {answer_of(200, created), part,
                     answer_of(200, "<CopyPartResult><ETag>\"2\"</ETag></CopyPartResult>"),
                     answer_of(200, "<CompleteMultipartUploadResult/>"), answer_of(204)};
  const Result<Multipart> upload = run(client_.create_multipart("k"));
  ASSERT_TRUE(upload);
  EXPECT_EQ(upload->id, "i/d");
  const Result<UploadedPart> first = run(client_.upload_part(*upload, 1, payload_of("x")));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->etag, "\"1\"");
  const Result<UploadedPart> second =
      run(client_.upload_part_copy(*upload, 2, {"other", "s +", {5, 10}}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->etag, "\"2\"");
  EXPECT_EQ(sender_.header(2, "x-amz-copy-source"), "/other/s%20%2B");
  EXPECT_EQ(sender_.header(2, "x-amz-copy-source-range"), "bytes=5-9");
  EXPECT_TRUE(run(client_.complete(*upload, {*first, *second})));
  EXPECT_TRUE(run(client_.abort(*upload)));
  const char* const wanted[] = {"POST /b/k?uploads=", "PUT /b/k?partNumber=1&uploadId=i%2Fd",
                                "PUT /b/k?partNumber=2&uploadId=i%2Fd", "POST /b/k?uploadId=i%2Fd",
                                "DELETE /b/k?uploadId=i%2Fd"};
  for (std::size_t i = 0; i < std::size(wanted); ++i) {
    EXPECT_EQ(sender_.requests[i].method + " " + path(i), wanted[i]);
  }
}

// Its outcome is unknown; a second completion could end another upload of the key.
TEST_F(ClientTest, ACompletionIsSentOnce) {
  for (const Result<HttpAnswer>& answer : std::vector<Result<HttpAnswer>>{
           no_answer(), error_of(503, "SlowDown"), error_of(200, "InternalError"),
           answer_of(200, ""), answer_of(200, "<html/>")}) {
    sender_.requests.clear();
    sender_.answers = {answer};
    const Result<> done = run(client_.complete({"k", "id"}, {{1, "e"}}));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), Errc::unavailable);
    ASSERT_EQ(sender_.requests.size(), 1U);
    EXPECT_TRUE(sender_.requests[0].sent_once);
  }
}

TEST_F(ClientTest, ACopyThatFailsBehindItsHeadIsSentAgain) {
  sender_.answers = {error_of(200, "InternalError"),
                     answer_of(200, "<CopyPartResult><ETag>e</ETag></CopyPartResult>")};
  EXPECT_TRUE(run(client_.upload_part_copy({"k", "id"}, 1, {"", "s", {0, 10}})));
  EXPECT_EQ(sender_.header(1, "x-amz-copy-source"), "/b/s");
}

TEST_F(ClientTest, AnObjectMayLookLikeAnError) {
  const std::string bytes = "<Error><Code>InternalError</Code></Error>";
  sender_.answers = {part_of(206, "bytes 0-40/41", bytes)};
  EXPECT_EQ(*run(client_.get_range("k", {0, bytes.size()})), bytes);
}

TEST_F(ClientTest, AUrlForOthersIsSignedByTheTimeOfTheStore) {
  ASSERT_TRUE(put({dated(answer_of(200), "Fri, 20 Dec 2019 01:00:00 GMT")}));
  const std::string url = client_.presigned_get("a b", std::chrono::seconds(60));
  EXPECT_TRUE(url.starts_with("http://s3.test:80/b/a%20b?X-Amz-Algorithm=")) << url;
  EXPECT_TRUE(url.contains("&X-Amz-Date=20191220T010000Z&X-Amz-Expires=60&")) << url;
}

TEST_F(ClientTest, ABucketMayKnowNeitherVersionsNorLifecycles) {
  sender_.answers = {error_of(501, "NotImplemented"),
                     error_of(404, "NoSuchLifecycleConfiguration")};
  const Result<BucketRules> rules = run(client_.bucket_rules());
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->versioning, Versioning::off);
  EXPECT_EQ(path(0), "/b?versioning=");
  EXPECT_EQ(path(1), "/b?lifecycle=");
  sender_.answers = {error_of(403, "AccessDenied")};
  EXPECT_FALSE(run(client_.bucket_rules()));
}

}  // namespace
}  // namespace sluice::s3
