// SPDX-License-Identifier: MIT
#include "protocol/multichunk/multichunk_dialect.h"

#include <gtest/gtest.h>

#include "protocol/multichunk/multichunk_session.h"
#include "support/protocol_fakes.h"

namespace sluice::protocol::multichunk {
namespace {

using testing::RouterFixture;

constexpr const char* media = R"("media_id":"0123456789abcdef0123456789abcdef"})";

class MultichunkDialectTest : public RouterFixture {
 protected:
  // A session of small parts: a main file of 11 bytes, 5 in a part, and a cover of 7.
  void open_parts(std::uint64_t main_size = 11, bool in_json = true, bool has_cover = true) {
    model::Layout layout{main_size, 5, {}};
    if (has_cover) {
      EXPECT_TRUE(layout.add("cover", "c.jpg", 7));
    }
    upload::NewUpload upload{layout.total_size(), "a.mp4", "video/mp4", "{}"};
    upload.layout = layout;
    upload.dialect = in_json ? asked_in_json : asked_in_form;
    path = "/uploads/" + (*run(engine.create(upload)))->token;
  }

  http::Response part(const std::string& number, const std::string& bytes,
                      const std::string& more = {}) {
    return send(
        "PUT " + path + "\nContent-Type: application/octet-stream\nX-Part: " + number + more,
        bytes);
  }
  http::Response cover(const std::string& number, const std::string& bytes) {
    return part(number, bytes, "\nX-Extra-File-Tag: cover");
  }
  std::string status(const std::string& more = {}) {
    const http::Response response = send("GET " + path + more);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(header(response, "Content-Type"), "application/json");
    return response.body;
  }
  std::string message(const http::Response& response) {
    EXPECT_EQ(response.status, 400) << response.body;
    return field(response, "message");
  }

  std::string path;
};

TEST_F(MultichunkDialectTest, PartsInAnyOrderAndTheVideoForEachFileThatIsComplete) {
  open_parts();
  EXPECT_EQ(part("2", "k").body, "");
  EXPECT_EQ(cover("0", "COVER").body, "");
  const http::Response empty_tag = part("0", "abcde", "\nX-Extra-File-Tag:");
  EXPECT_EQ(empty_tag.status, 200);
  EXPECT_EQ(empty_tag.body, "");
  const http::Response main_file = part("1", "fghij");
  EXPECT_EQ(main_file.status, 200);
  EXPECT_EQ(main_file.body, R"({"id":"12345","status":"processing"})");
  EXPECT_EQ(header(main_file, "Content-Type"), "application/json");
  EXPECT_EQ(part("1", "fghij").body, main_file.body) << "its answer may have been lost";
  const http::Response last = cover("1", "!!");
  EXPECT_EQ(last.body, R"({"id":"12345"})");
  EXPECT_EQ(stored(path), "abcdefghijkCOVER!!");
  EXPECT_EQ(part("0", "whatever").body, last.body);
}

TEST_F(MultichunkDialectTest, PartsByPostAsWell) {
  open_parts(5, true, false);
  const http::Response response =
      send("POST " + path + "\nContent-Type: application/octet-stream\nX-Part: 0", "abcde");
  EXPECT_EQ(response.body, R"({"id":"12345"})");
}

TEST_F(MultichunkDialectTest, TellsWhatIsMissingOfEachFile) {
  open_parts();
  EXPECT_EQ(status(), std::string(R"({"missing_parts":[0,1,2],)") + media);
  EXPECT_EQ(status("\nX-Extra-File-Tag: cover"), std::string(R"({"missing_parts":[0,1],)") + media);
  part("1", "fghij");
  cover("1", "!!");
  EXPECT_EQ(status("\nX-Extra-File-Tag: "), std::string(R"({"missing_parts":[0,2],)") + media);
  EXPECT_EQ(status("\nX-Extra-File-Tag: cover"), std::string(R"({"missing_parts":[0],)") + media);
  EXPECT_EQ(message(send("GET " + path + "\nX-Extra-File-Tag: other")),
            R"(X-Extra-File-Tag: expected "cover", or nothing for the main file, got "other")");
}

TEST_F(MultichunkDialectTest, TheEndIsToldInTheWayOfTheSessionsClient) {
  for (const bool in_json : {true, false}) {
    open_parts(5, in_json, false);
    part("0", "abcde");
    EXPECT_EQ(status(),
              in_json ? R"({"missing_parts":[],"media_id":"12345"})" : R"({"media_id":"12345"})");
  }
}

TEST_F(MultichunkDialectTest, NothingIsASuccessBeforeTheBackendHasAnswered) {
  open_parts();
  answers_at_once = false;
  for (const char* const number : {"0", "1"}) {
    part(number, "abcde");
  }
  part("2", "k");
  cover("0", "COVER");
  const http::Response pending = cover("1", "!!");
  EXPECT_EQ(error_of(pending), "503 DeliveryPending");
  EXPECT_NE(header(pending, "Retry-After"), "(none)");
  EXPECT_EQ(status(), std::string(R"({"missing_parts":[2],)") + media);
  EXPECT_EQ(status("\nX-Extra-File-Tag: cover"), std::string(R"({"missing_parts":[],)") + media);
  EXPECT_EQ(send("PUT " + path, "stray").body, "") << "no video before there is one";
  answer_now(token_of(path));
  EXPECT_EQ(part("2", "k").body, R"({"id":"12345"})");
}

TEST_F(MultichunkDialectTest, ARefusalIsNoSuccess) {
  open_parts(5, true, false);
  answer.status = 422;
  answer.body = "no cats";
  EXPECT_EQ(part("0", "abcde").status, 422);
  EXPECT_EQ(part("0", "abcde").status, 422);
  const http::Response asked = send("GET " + path);
  EXPECT_EQ(asked.status, 422);
  EXPECT_EQ(asked.body, "no cats");
}

TEST_F(MultichunkDialectTest, TheQuestionFinishesAFileWithoutParts) {
  open_parts(0, true, false);
  EXPECT_EQ(status(), R"({"missing_parts":[],"media_id":"12345"})");
  open_parts(0, true, false);
  answers_at_once = false;
  EXPECT_EQ(error_of(send("GET " + path)), "503 DeliveryPending");
  answers_at_once = true;
  open_parts(0, true, false);
  EXPECT_EQ(part("0", "").body, R"({"id":"12345"})") << "sent by a client that cannot count to 0";
}

TEST_F(MultichunkDialectTest, SaysWhichPartsThereAre) {
  open_parts();
  for (const char* const number : {"3", "-1", "0x1", "1.0", "18446744073709551616", "one"}) {
    EXPECT_EQ(message(part(number, "abcde")),
              "X-Part: expected a number from 0 to 2, the parts of this file, got \"" +
                  std::string(number) + "\"");
  }
  EXPECT_TRUE(message(part("0", "abcde", "\nX-Part: 1")).starts_with("X-Part: expected a number"));
  EXPECT_TRUE(
      message(part("0", "abcde", "\nX-Extra-File-Tag: c")).starts_with("X-Extra-File-Tag: exp"));
  EXPECT_TRUE(message(part("0", "abcde", "\nContent-Range: bytes 0-4/11"))
                  .starts_with("expected no Content-Range beside X-Part"));
  EXPECT_EQ(message(part("0", "abcd")), "this part has 5 bytes, the body has 4");
  EXPECT_EQ(stored(path), "");
}

TEST_F(MultichunkDialectTest, APartWithAnotherDigestCountsForNothing) {
  open_parts(5, true, false);
  EXPECT_EQ(header(send("GET " + path), "Want-Content-Digest"), "sha-256=10, sha-512=5");
  // SHA-256 of "abcde".
  const std::string digest =
      "\nContent-Digest: sha-256=:NrvlDtloQdEEQ7y2cNZVTwo0t2G+Z+ycSorSwMRMpCw=:";
  EXPECT_EQ(error_of(part("0", "abcdX", digest)), "400 DigestMismatch");
  EXPECT_EQ(stored(path), "");
  EXPECT_EQ(message(part("0", "abcde", "\nContent-Digest: sha-256=1")).substr(0, 15),
            "Content-Digest:");
  EXPECT_EQ(part("0", "abcde", digest).body, R"({"id":"12345"})");
}

TEST_F(MultichunkDialectTest, AFormIsNoPart) {
  open_parts();
  const http::Response response =
      send("POST " + path + "\nContent-Type: multipart/form-data; boundary=x\nX-Part: 0", "abcde");
  EXPECT_EQ(error_of(response), "415 UnsupportedMediaType");
}

TEST_F(MultichunkDialectTest, StrayRequestsTouchNothing) {
  open_parts();
  part("2", "k");
  const char* const heads[] = {
      "\nContent-Type: application/octet-stream",
      "\nContent-Type: application/octet-stream\nX-Part:",
      "\nContent-Type: application/octet-stream\nX-Extra-File-Tag: cover",
      "\nContent-Type: application/octet-stream\nContent-Range: bytes 0-4/18",
      "\nContent-Type: multipart/form-data; boundary=x",
  };
  for (const char* const head : heads) {
    const http::Response response = send("PUT " + path + head, "abcde");
    EXPECT_EQ(response.status, 200) << head;
    EXPECT_EQ(response.body, "") << head;
  }
  EXPECT_EQ(send("PUT " + path + "\nContent-Range: bytes */11").status, 200);
  EXPECT_EQ(send("PUT " + path).status, 200);
  EXPECT_EQ(stored(path), std::string(10, '\0') + "k");
  part("0", "abcde");
  part("1", "fghij");
  EXPECT_EQ(send("PUT " + path, "abcde").body, R"({"id":"12345","status":"processing"})");
  EXPECT_EQ(send("PUT " + path + "\nX-Extra-File-Tag: cover", "abcde").body, "");
  EXPECT_EQ(stored(path), "abcdefghijk");
}

TEST_F(MultichunkDialectTest, PartsAreForSessionsThatWereOpenedForThem) {
  path = open(5);
  EXPECT_TRUE(message(part("0", "abcde")).starts_with("X-Part: this session has no parts"));
  path = "/uploads/" + std::string(43, 'x');
  EXPECT_EQ(error_of(part("0", "abcde")), "404 RecordNotFound");
}

}  // namespace
}  // namespace sluice::protocol::multichunk
