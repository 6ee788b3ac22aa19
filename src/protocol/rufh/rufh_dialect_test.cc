// SPDX-License-Identifier: MIT
#include "protocol/rufh/rufh_dialect.h"

#include "base/limits.h"
#include "protocol/rufh/progress_source.h"
#include "support/rufh_fixture.h"

namespace sluice::protocol::rufh {
namespace {

using testing::RufhFixture;

class RufhDialectTest : public RufhFixture {};

TEST_F(RufhDialectTest, RefusesAVersionThatItDoesNotSpeak) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  for (const std::uint64_t number : {0U, 2U, 11U, 4000U}) {
    version = number;
    for (const std::string& head : {"HEAD " + path, "DELETE " + path, patch_head(path, 3, false)}) {
      const http::Response response = rufh(head);
      EXPECT_EQ(response.status, 400) << number << head;
      EXPECT_EQ(header(response, "Upload-Draft-Interop-Version"), "(none)");
    }
  }
  version = 10;
  EXPECT_EQ(told_at(path), "204 3 ?0");
}

TEST_F(RufhDialectTest, AnswersItsOwnUploadsToRequestsWithoutAWordOfIt) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  EXPECT_EQ(told(send("HEAD " + path)), "204 3 ?0");
  EXPECT_EQ(header(last.response, "Upload-Draft-Interop-Version"), "(none)");
  const http::Response description = send("GET " + path);
  EXPECT_EQ(told(description), "200 3 ?0");
  EXPECT_EQ(field(description, "received"), "3");
  EXPECT_EQ(send("DELETE " + path).status, 204);
}

TEST_F(RufhDialectTest, SpeaksOfUploadsThatWereOpenedInAnotherDialect) {
  const std::string path = open(9);
  EXPECT_EQ(told_at(path), "204 0 ?0");
  EXPECT_EQ(told(patch(path, 0, "abcd", false)), "204 4 ?0");
  const http::Response panda = send("PUT " + path + "\nContent-Range: bytes 4-6/9", "efg");
  EXPECT_EQ(panda.status, 204);
  EXPECT_EQ(header(panda, "Range"), "0-6");
  EXPECT_EQ(header(panda, "Upload-Offset"), "(none)");
  EXPECT_EQ(told(patch(path, 7, "hi", true)), "200 9 ?1");
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(RufhDialectTest, LeavesRequestsInTusToOthers) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  rufh("HEAD " + path + "\nTus-Resumable: 1.0.0");
  EXPECT_STREQ(last.dialect, "rufh") << "of the upload: no other dialect is enabled here";
  EXPECT_EQ(
      send("PUT " + path + "\nTus-Resumable: 1.0.0\nUpload-Complete: ?1\nContent-Range: bytes */9")
          .status,
      204);
  EXPECT_STREQ(last.dialect, "panda");
}

TEST_F(RufhDialectTest, TakesTheMethodThatAClientMeans) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  const std::string head = patch_head(path, 3, true);
  EXPECT_EQ(told(rufh("POST " + head.substr(6) + "\nX-HTTP-Method-Override: PATCH", "defghi")),
            "200 9 ?1");
}

TEST_F(RufhDialectTest, NeedsAnOffset) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  const std::string head =
      "PATCH " + path + "\nContent-Type: application/partial-upload\nUpload-Complete: ?0";
  EXPECT_EQ(told(rufh(head, "def")), "400 (none) ?0");
  EXPECT_EQ(told(rufh(head + "\nUpload-Offset: -3", "def")), "400 (none) ?0");
  EXPECT_EQ(told(rufh(head + "\nUpload-Offset: 3, 3", "def")), "400 (none) ?0");
  EXPECT_EQ(told_at(path), "204 3 ?0");
}

TEST_F(RufhDialectTest, LearnsTheLengthFromALaterRequest) {
  const std::string path = create("", "abc");
  EXPECT_EQ(told_at(path), "204 3 ?0");
  EXPECT_EQ(header(last.response, "Upload-Length"), "(none)");
  EXPECT_EQ(told(patch(path, 3, "d", false, "\nUpload-Length: 6")), "204 4 ?0");
  told_at(path);
  EXPECT_EQ(header(last.response, "Upload-Length"), "6");
  const http::Response other = patch(path, 4, "e", false, "\nUpload-Length: 7");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(problem_of(other), "inconsistent-upload-length");
  EXPECT_EQ(told(patch(path, 4, "ef", true, "\nUpload-Length: 6")), "200 6 ?1");
}

TEST_F(RufhDialectTest, LearnsNoLengthFromARequestThatContradictsItself) {
  const std::string path = create("", "abc");
  for (const bool is_last : {false, true}) {
    const http::Response response = patch(path, 3, "def", is_last, "\nUpload-Length: 5");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(problem_of(response), "inconsistent-upload-length");
  }
  EXPECT_EQ(told_at(path), "204 3 ?0");
  EXPECT_EQ(header(last.response, "Upload-Length"), "(none)");
}

TEST_F(RufhDialectTest, RefusesABodyThatDoesNotFitByItsAnnouncement) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  struct Case {
    std::uint64_t offset;
    const char* bytes;
    bool is_last;
    const char* told;
  };
  for (const Case& c : {
           Case{3, "defghij", true, "400 (none) ?0"},
           Case{3, "defghij", false, "400 (none) ?0"},
           Case{3, "de", true, "400 (none) ?0"},
           Case{2, "cdefghij", true, "409 3 ?0"},
           Case{999'999'999'999'999, "x", true, "409 3 ?0"},
       }) {
    EXPECT_EQ(told(patch(path, c.offset, c.bytes, c.is_last)), c.told) << c.bytes;
  }
  EXPECT_EQ(told(patch(path, 3, "defghi", true)), "200 9 ?1");
}

TEST_F(RufhDialectTest, GivesUpAFileThatHasMoreBytesThanItsLength) {
  for (const bool is_last : {false, true}) {
    const std::string path = create("\nUpload-Length: 9", "abc");
    const http::Response response =
        patch(path, 3, "defghijkl", is_last, "\nTransfer-Encoding: chunked");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(problem_of(response), "inconsistent-upload-length");
    EXPECT_EQ(rufh("HEAD " + path).status, 404);
    EXPECT_EQ(deliveries, 0);
  }
}

TEST_F(RufhDialectTest, KeepsAChunkedBodyThatIsTooShort) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  const http::Response response = patch(path, 3, "def", true, "\nTransfer-Encoding: chunked");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(problem_of(response), "inconsistent-upload-length");
  EXPECT_EQ(told_at(path), "204 6 ?0");
  EXPECT_EQ(told(patch(path, 6, "ghi", true)), "200 9 ?1");
}

TEST_F(RufhDialectTest, CompletesWithAnEmptyAppend) {
  const std::string path = create("", "abc");
  EXPECT_EQ(told(patch(path, 3, "", true)), "200 3 ?1");
  EXPECT_EQ(stored(path), "abc");
}

TEST_F(RufhDialectTest, CompletesAFileOfKnownLengthWithItsLastByte) {
  const std::string path = create("\nUpload-Length: 4", "abc");
  EXPECT_EQ(told(patch(path, 3, "d", false)), "200 4 ?1");
}

TEST_F(RufhDialectTest, KeepsWhatAnInterruptedAppendHasBrought) {
  const std::string path = create("\nUpload-Length: 9");
  send_broken(patch_head(path, 0, true) + "\nContent-Length: 9\nUpload-Draft-Interop-Version: 10",
              "abcdefg");
  EXPECT_EQ(told_at(path), "204 7 ?0");
  EXPECT_EQ(told(patch(path, 7, "hi", true)), "200 9 ?1");
}

TEST_F(RufhDialectTest, ComparesAWithheldByte) {
  answers_at_once = false;
  const std::string path = create("\nUpload-Length: 4");
  EXPECT_EQ(told(patch(path, 0, "abcd", true)), "503 3 ?0");
  EXPECT_EQ(told(patch(path, 2, "cd", true)), "409 3 ?0");
  EXPECT_EQ(told(patch(path, 4, "", true)), "503 3 ?0");
}

TEST_F(RufhDialectTest, FailsForGoodWithoutTheWordOfTheBackend) {
  answers_at_once = false;
  const std::string path = create("\nUpload-Length: 4");
  EXPECT_EQ(told(patch(path, 0, "abcd", true)), "503 3 ?0");
  EXPECT_TRUE(run(EngineFixture::engine->ledger().gave_up(token_of(path), 1, "no")));
  EXPECT_EQ(told_at(path), "204 3 ?0");
  EXPECT_EQ(told(patch(path, 3, "d", true)), "502 3 ?0");
}

// Clients of version 6 and before take offset 0 of 0 for success.
TEST_F(RufhDialectTest, TellsNoOffsetOfAnEmptyFileThatTheBackendHasNotTaken) {
  version = 6;
  answers_at_once = false;
  const http::Response created = rufh("POST /files\nUpload-Length: 0\nUpload-Complete: ?0");
  EXPECT_EQ(told(created), "503 0 ?0");
  const std::string path = path_in(created);
  EXPECT_EQ(told_at(path), "503 (none) (none)");
  refuse_file();
  answer_now(token_of(path));
  EXPECT_EQ(told_at(path), "422 (none) ?1");
}

TEST_F(RufhDialectTest, Cancels) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  EXPECT_EQ(rufh("DELETE " + path).status, 204);
  EXPECT_EQ(rufh("DELETE " + path).status, 204);
  EXPECT_EQ(rufh("HEAD " + path).status, 404);
  EXPECT_EQ(told(patch(path, 3, "d", false)), "404 (none) ?0");
}

TEST_F(RufhDialectTest, ComesAgainAfterATimeout) {
  const std::string path = create("\nUpload-Length: 9", "abc");
  const http::Response response =
      refuse(patch_head(path, 3, false), Error(Errc::idle_timeout, "silence"));
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(header(response, "Retry-After"), "(none)");
}

TEST_F(RufhDialectTest, TellsWhatIsDurableWhileBytesArrive) {
  const std::string path = create("\nUpload-Length: 9", "abcd");
  const std::string token = token_of(path);
  const http::Request request;
  const net::Patience patience;
  testing::RecordingStream stream(context.get_executor());
  http::Interims interims(stream, request, patience);
  testing::ScriptedSource body("efghi");
  const http::RequestContext nobody;

  http::Exchange exchange(request, nobody, body, interims);
  RufhFields fields;
  fields.rules = find_version(6, rufh_newest);
  fields.is_spoken = true;
  ProgressSource source(body, exchange, engine, token, fields, 0, std::chrono::seconds(0));
  EXPECT_TRUE(run(source.wait_readable_for(limits::sender_silence)));
  const std::string told_once =
      "HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Draft-Interop-Version: 6\r\n"
      "Upload-Offset: 4\r\n\r\n";
  EXPECT_EQ(stream.written, told_once);
  EXPECT_TRUE(run(source.wait_readable_for(limits::sender_silence)));
  EXPECT_EQ(stream.written, told_once) << "nothing new is stored";
  ProgressSource patient(body, exchange, engine, token, fields, 0, std::chrono::hours(1));
  EXPECT_TRUE(run(patient.wait_readable_for(limits::sender_silence)));
  EXPECT_EQ(stream.written, told_once);
  EXPECT_EQ(patient.remaining(), 5U);
}

// A HEAD ends the request that still writes: where it says that the file goes on, it does.
TEST_F(RufhDialectTest, EndsOlderRequestsBeforeItTellsTheOffset) {
  const std::string path = create("\nUpload-Length: 9");
  const std::string token = token_of(path);
  testing::ScriptedSource body("abcd", testing::ScriptedSource::Ending::silent, true, 5);
  std::optional<Result<upload::SnapshotPtr>> older;
  runtime::start(context.get_executor(), log, "older",
                 [](auto& engine, auto& token, auto& body, auto& older) -> runtime::Task<> {
                   older = co_await engine.append(token, upload::UpToEnd{0}, body);
                 }(engine, token, body, older));
  run(body.reached_silence.wait(std::chrono::seconds(5)));
  EXPECT_FALSE(older);
  EXPECT_EQ(told_at(path), "204 4 ?0");
  ASSERT_TRUE(older);
  EXPECT_EQ((*older).error().code(), Errc::taken_over);
  EXPECT_EQ(told(patch(path, 4, "efghi", true)), "200 9 ?1");
}

}  // namespace
}  // namespace sluice::protocol::rufh
