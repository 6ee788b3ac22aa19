// SPDX-License-Identifier: MIT
#include "protocol/panda/panda_dialect.h"

#include "support/protocol_fakes.h"

namespace sluice::protocol::panda {
namespace {

using testing::RouterFixture;

class PandaDialectTest : public RouterFixture {
 protected:
  // Head of a piece.
  static std::string put(const std::string& path, const std::string& range) {
    return "PUT " + path + "\nContent-Type: application/octet-stream\nContent-Range: bytes " +
           range;
  }
};

TEST_F(PandaDialectTest, OpensASessionAndNamesItsLocation) {
  const http::Response response =
      send("POST /videos/upload.json\nContent-Type: application/x-www-form-urlencoded",
           "file_size=9&file_name=a+b.mp4");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, R"({"id":1,"location":"http://up.example:81/uploads/)" +
                               journal.uploads.at(1).token + "\"}");
  EXPECT_EQ(header(response, "Content-Type"), "application/json");
  EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "(none)");
  EXPECT_EQ(engine.created.at(0).file_name, "a b.mp4");
  EXPECT_EQ(engine.created.at(0).file_size, 9U);
  EXPECT_EQ(last.upload_id, 1U);
  EXPECT_STREQ(last.route, "session");
}

TEST_F(PandaDialectTest, SaysWhoseShareOfTheRoomAnUploadTakes) {
  const std::string session = "POST /videos/upload.json?file_size=9&file_name=a";
  EXPECT_EQ(send(session).status, 201);
  EXPECT_EQ(engine.created.at(0).room_of, "") << "an address that stands for many";
  settings.client_of = [](const std::string& /*address*/) { return std::string("somebody"); };
  EXPECT_EQ(send(session).status, 201);
  EXPECT_EQ(engine.created.at(1).room_of, "address somebody");
}

TEST_F(PandaDialectTest, PutsThePublicUrlBeforeTheHost) {
  settings.base->set("https://files.example/up");
  const http::Response session = send("POST /videos/upload.json?file_size=9&file_name=a");
  const std::string token = journal.uploads.at(1).token;
  EXPECT_EQ(field(session, "location"), "https://files.example/up/uploads/" + token);
  EXPECT_EQ(header(send(put("/uploads/" + token, "*/9")), "Location"),
            "https://files.example/up/uploads/" + token);
}

// Another language may open one.
class UploadOfUnknownSize : public PandaDialectTest {
 protected:
  UploadOfUnknownSize() {
    upload::NewUpload upload;
    upload.file_name = "a";
    upload.parameters = "{}";
    path = "/uploads/" + (*run(engine.create(upload)))->token;
  }

  std::string path;
};

TEST_F(UploadOfUnknownSize, IsAskedForAndGoesOnWithoutATotal) {
  EXPECT_EQ(send(put(path, "0-2/*"), "abc").status, 204);
  for (const char* const question : {"*/*", "*/3"}) {
    const http::Response status = send(put(path, question));
    EXPECT_EQ(status.status, 204);
    EXPECT_EQ(header(status, "Range"), "0-2");
  }
  EXPECT_EQ(header(send("PUT " + path), "Range"), "0-2") << "no file without bytes";
  const std::string description = send("GET " + path).body;
  EXPECT_NE(description.find(R"("file_size":null)"), std::string::npos) << description;
  EXPECT_NE(description.find(R"("received":3)"), std::string::npos) << description;
}

TEST_F(UploadOfUnknownSize, GetsItFromThePieceThatSaysIt) {
  EXPECT_EQ(send(put(path, "0-2/*"), "abc").status, 204);
  EXPECT_EQ(send(put(path, "3-4/6"), "de").status, 204);
  EXPECT_EQ(send(put(path, "*/7")).status, 400);
  EXPECT_EQ(send(put(path, "5-5/6"), "f").status, 200);
}

TEST_F(UploadOfUnknownSize, IsAWholeFileWithoutARange) {
  const std::string head = "PUT " + path + "\nContent-Type: application/octet-stream";
  EXPECT_EQ(send(head, "abcdef").status, 200);
  EXPECT_EQ(journal.uploads.at(1).progress.file_size, 6U);
}

TEST_F(PandaDialectTest, OpensASessionForAFileOfUnknownSize) {
  const http::Response session = send("POST /videos/upload.json?file_size=*&file_name=a");
  ASSERT_EQ(session.status, 201);
  EXPECT_EQ(engine.created.at(0).file_size, std::nullopt);
  const std::string path = "/uploads/" + journal.uploads.at(1).token;
  EXPECT_EQ(send(put(path, "0-2/*"), "abc").status, 204);
  EXPECT_EQ(send(put(path, "3-5/6"), "def").status, 200);
  const std::string parts = "POST /videos/upload.json?file_size=*&file_name=a&multi_chunk=true";
  EXPECT_EQ(error_of(send(parts)), "400 BadRequest");
}

// SHA-256 of "abc".
constexpr const char* digest_of_abc =
    "\nContent-Digest: sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";

TEST_F(PandaDialectTest, AsksForDigestsWhereAClientBegins) {
  const http::Response session = send("POST /videos/upload.json?file_size=9&file_name=a");
  EXPECT_EQ(header(session, "Want-Content-Digest"), "sha-256=10, sha-512=5");
  const std::string path = open(9);
  EXPECT_EQ(header(send(put(path, "*/9")), "Want-Content-Digest"), "sha-256=10, sha-512=5");
  EXPECT_EQ(header(send(put(path, "0-2/9"), "abc"), "Want-Content-Digest"), "(none)");
}

TEST_F(PandaDialectTest, APieceWithAnotherDigestCountsForNothing) {
  const std::string path = open(6);
  for (const char* type : {"", "\nContent-Type: application/octet-stream"}) {
    const std::string head = "PUT " + path + type + digest_of_abc + "\nContent-Range: bytes ";
    EXPECT_EQ(error_of(send(head + "0-2/6", "abd")), "400 DigestMismatch") << type;
    EXPECT_EQ(stored(path), "");
    EXPECT_EQ(error_of(send(head + "0-1/6", "abc")), "400 BadRequest") << "the body is longer";
  }
  const std::string head = put(path, "0-2/6") + digest_of_abc;
  EXPECT_EQ(error_of(send_broken(head + "\nContent-Length: 3", "a")), "503 ConnectionLost");
  EXPECT_EQ(header(send(put(path, "*/6")), "Range"), "0-0") << "what it brought is kept";
  EXPECT_EQ(send(head, "abc").status, 204);
  EXPECT_EQ(send(put(path, "3-5/6") + digest_of_abc, "abc").status, 200);
  EXPECT_EQ(error_of(send(put(open(3), "0-2/3") + "\nContent-Digest: sha-256=1", "abc")),
            "400 BadRequest");
}

TEST_F(PandaDialectTest, AWholeFileWithAnotherDigestIsNoFile) {
  for (const char* name : {"Content-Digest", "Repr-Digest"}) {
    const std::string path = open(3);
    const std::string field = std::string(digest_of_abc).substr(sizeof "\nContent-Digest" - 1);
    std::string head = "PUT " + path + "\n";
    head += name + field;
    EXPECT_EQ(error_of(send(head, "abd")), "400 DigestMismatch");
    EXPECT_EQ(stored(path), "");
    EXPECT_EQ(send(head, "abc").status, 200);
  }
}

TEST_F(PandaDialectTest, LeadsUploadsThatRunToANewBase) {
  const std::string path = open(9);
  settings.base->set("https://new.example");
  EXPECT_EQ(header(send(put(path, "*/9")), "Location"), "https://new.example" + path);
  EXPECT_EQ(header(send(put(path, "0-8/9"), "abcdefghi"), "Location"),
            "https://new.example" + path);
  settings.base->set("");
  EXPECT_EQ(header(send(put(path, "*/9")), "Location"), "http://up.example:81" + path);
}

TEST_F(PandaDialectTest, RefusesASessionWithoutHostUnlessThePublicUrlIsKnown) {
  const std::string head = "POST /videos/upload.json?file_size=9&file_name=a HTTP/1.0";
  EXPECT_EQ(error_of(send(head)), "400 BadRequest");
  EXPECT_TRUE(engine.created.empty());
  settings.base->set("https://files.example");
  EXPECT_EQ(send(head).status, 201);
}

// The example of the specification, byte by byte.
TEST_F(PandaDialectTest, TakesTheTwoChunksOfTheSpecification) {
  const std::string path = open(9);
  const http::Response first =
      send("PUT " + path + "\nContent-Length: 5\nContent-Range: bytes 0-4/9", "abcde");
  EXPECT_EQ(first.status, 204);
  EXPECT_EQ(header(first, "Range"), "0-4");
  EXPECT_EQ(header(first, "Location"), "http://up.example:81" + path);
  EXPECT_EQ(first.body, "");
  const http::Response second =
      send("PUT " + path + "\nContent-Length: 4\nContent-Range: bytes 5-8/9", "fghi");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, R"({"id":"12345"})");
  EXPECT_EQ(header(second, "Content-Type"), "application/json");
  EXPECT_EQ(header(second, "Range"), "0-8");
  EXPECT_EQ(header(second, "Location"), "http://up.example:81" + path);
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(PandaDialectTest, TellsTheStatus) {
  const std::string path = open(9);
  for (const char* method : {"PUT ", "POST "}) {
    for (const char* range : {"*/9", "*"}) {
      const http::Response empty = send(method + path + "\nContent-Range: bytes " + range);
      EXPECT_EQ(empty.status, 204);
      EXPECT_EQ(header(empty, "Range"), "(none)");
      EXPECT_EQ(header(empty, "Location"), "http://up.example:81" + path);
    }
  }
  EXPECT_TRUE(engine.pieces.empty());
  send(put(path, "0-4/9"), "abcde");
  EXPECT_EQ(header(send("PUT " + path + "\nContent-Length: 0\nContent-Range: bytes */9"), "Range"),
            "0-4");
  send(put(path, "5-8/9"), "fghi");
  const http::Response finished = send(put(path, "*/9"));
  EXPECT_EQ(finished.status, 200);
  EXPECT_EQ(finished.body, R"({"id":"12345"})");
  EXPECT_EQ(header(finished, "Range"), "0-8");
}

TEST_F(PandaDialectTest, RefusesAStatusQueryThatIsNone) {
  const std::string path = open(9);
  EXPECT_EQ(error_of(send(put(path, "*/9"), "x")), "400 BadRequest");
  EXPECT_EQ(error_of(send(put(path, "*/10"))), "400 BadRequest");
  EXPECT_NE(last.response.body.find("9, got 10"), std::string::npos) << last.response.body;
  const std::string chunked = put(path, "*/9") + "\nTransfer-Encoding: chunked";
  EXPECT_EQ(error_of(send(chunked, "x")), "400 BadRequest");
  EXPECT_EQ(send(chunked).status, 204);
  EXPECT_TRUE(engine.pieces.empty());
}

TEST_F(PandaDialectTest, TakesAWholeFileWithoutContentRange) {
  for (const char* head : {"PUT ", "POST "}) {
    const std::string path = open(9);
    const http::Response response =
        send(head + path + "\nContent-Type: application/octet-stream", "abcdefghi");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "Range"), "0-8");
    EXPECT_TRUE(std::holds_alternative<upload::WholeFile>(engine.pieces.back()));
    EXPECT_EQ(stored(path), "abcdefghi");
  }
}

TEST_F(PandaDialectTest, RefusesAWholeFileOfAnotherSize) {
  const std::string path = open(9);
  for (const char* body : {"abcdefgh", "abcdefghij"}) {
    EXPECT_EQ(error_of(send("PUT " + path, body)), "400 BadRequest");
  }
  EXPECT_EQ(error_of(send("PUT " + path + "\nContent-Length: 0")), "400 BadRequest");
  EXPECT_NE(last.response.body.find("bytes */9"), std::string::npos) << last.response.body;
  EXPECT_EQ(error_of(send("POST " + path)), "400 BadRequest");
}

TEST_F(PandaDialectTest, CompletesAnEmptyFileByAnyOfItsForms) {
  for (const char* fields : {"\nContent-Length: 0", "\nContent-Range: bytes 0--1/0",
                             "\nContent-Range: bytes */0", "\nTransfer-Encoding: chunked"}) {
    const std::string path = open(0);
    const http::Response response = send("PUT " + path + fields);
    EXPECT_EQ(response.status, 200) << fields;
    EXPECT_EQ(response.body, R"({"id":"12345"})");
    EXPECT_EQ(header(response, "Range"), "(none)");
    const http::Response again = send("PUT " + path + fields);
    EXPECT_EQ(again.status, 200) << fields;
    EXPECT_EQ(again.body, response.body);
  }
}

TEST_F(PandaDialectTest, LetsTheEmptyFormsWaitForTheirAnswer) {
  answers_at_once = false;
  const std::string path = open(0);
  EXPECT_EQ(error_of(send("PUT " + path + "\nContent-Range: bytes */0")), "503 DeliveryPending");
  // During the hand-off a status query does not wait for it.
  EXPECT_EQ(send("PUT " + path + "\nContent-Range: bytes */0").status, 204);
  EXPECT_EQ(error_of(send("PUT " + path + "\nContent-Range: bytes 0--1/0")), "503 DeliveryPending");
}

TEST_F(PandaDialectTest, SaysWhatIsMissingWhileTheBackendIsSilent) {
  answers_at_once = false;
  const std::string path = open(9);
  const http::Response response = send(put(path, "0-8/9"), "abcdefghi");
  EXPECT_EQ(error_of(response), "503 DeliveryPending");
  EXPECT_EQ(header(response, "Range"), "0-7");
  EXPECT_EQ(header(response, "Location"), "http://up.example:81" + path);
  EXPECT_NE(header(response, "Retry-After"), "(none)");
  EXPECT_EQ(header(send(put(path, "*/9")), "Range"), "0-7");
  EXPECT_EQ(last.response.status, 204);
}

TEST_F(PandaDialectTest, PassesTheDeclaredRangeOn) {
  const std::string path = open(9);
  send(put(path, "2-12/9"), "xyz");
  const auto& piece = std::get<upload::Range>(engine.pieces.at(0));
  EXPECT_EQ(piece.begin, 2U);
  EXPECT_EQ(piece.end, 13U);
  EXPECT_EQ(piece.total, 9U);
  EXPECT_EQ(last.response.status, 204);
  EXPECT_EQ(header(last.response, "Range"), "(none)");
}

TEST_F(PandaDialectTest, AcceptsWhatClientsSendAtTheEndOfAFile) {
  struct Case {
    const char* name;
    const char* range;
    const char* body;
  };
  for (const Case& c : {Case{"end beyond the file", "5-9/9", "fghi"},
                        Case{"body longer than the range", "5-8/9", "fghiSTALE"},
                        Case{"overlap of one byte", "4-8/9", "efghi"},
                        Case{"the whole again", "0-8/9", "abcdefghi"}}) {
    const std::string path = open(9);
    send(put(path, "0-4/9"), "abcde");
    const http::Response response = send(put(path, c.range), c.body);
    EXPECT_EQ(response.status, 200) << c.name;
    EXPECT_EQ(stored(path), "abcdefghi") << c.name;
    EXPECT_EQ(send(put(path, c.range), c.body).body, response.body) << c.name;
  }
}

TEST_F(PandaDialectTest, AnswersABackendsRefusalAsItCame) {
  const std::string path = open(9);
  answer = answer_with(R"({"error":"no"})");
  answer.status = 422;
  EXPECT_EQ(send(put(path, "0-8/9"), "abcdefghi").status, 422);
  for (const char* range : {"8-8/9", "*/9"}) {
    const http::Response response = send(put(path, range));
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(header(response, "Sluice-Answer"), "backend");
    EXPECT_EQ(response.body, R"({"error":"no"})");
    EXPECT_EQ(header(response, "Range"), "0-8");
  }
}

TEST_F(PandaDialectTest, KnowsOnlyTokensOfItsOwnKind) {
  for (const std::string& token :
       {std::string("x"), std::string(42, 'A'), std::string(44, 'A'), std::string(42, 'A') + ".",
        std::string(42, 'A') + "%2F", std::string("%00") + std::string(42, 'A')}) {
    for (const char* method : {"PUT", "POST", "GET", "DELETE", "HEAD"}) {
      EXPECT_EQ(error_of(send(std::string(method) + " /uploads/" + token)), "404 RecordNotFound")
          << method << token;
    }
  }
  EXPECT_EQ(engine.calls, 0);
  EXPECT_EQ(error_of(send(put("/uploads/" + std::string(43, 'Z'), "0-4/9"), "abcde")),
            "404 RecordNotFound");
}

TEST_F(PandaDialectTest, AbortsAsOftenAsAsked) {
  const std::string path = open(9);
  for (int i = 0; i < 2; ++i) {
    const http::Response response =
        send("DELETE " + path +
             "\nX-Requested-With: XMLHttpRequest\nContent-Type: text/plain;charset=UTF-8");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(engine.aborted.size(), 2U);
}

TEST_F(PandaDialectTest, DescribesAnUpload) {
  const std::string path = open(9);
  send(put(path, "0-4/9"), "abcde");
  const http::Response response = send("GET " + path);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"id":1,"file_name":"a.mp4","file_size":9,"state":"receiving","received":5,)"
            R"("stored":[[0,4]],"created_at":"2019-12-20T00:00:00Z",)"
            R"("expires_at":"2019-12-21T00:00:00Z"})");
  EXPECT_EQ(send("HEAD " + path).status, 200);
}

TEST_F(PandaDialectTest, KeepsEngineErrorsAsTheyAre) {
  const std::string path = open(9);
  EXPECT_EQ(error_of(send_broken(put(path, "0-4/9"), "abc")), "503 ConnectionLost");
  EXPECT_EQ(error_of(send(put(path, "0-4/10"), "abcde")), "400 BadRequest");
}

TEST_F(PandaDialectTest, TakesAForm) {
  const std::string path = open(9);
  const std::string head = "POST " + path + "\nContent-Type: multipart/form-data; boundary=xx";
  const http::Response response = send(
      head,
      "--xx\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n"
      "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabcdefghi\r\n"
      "--xx\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nc\r\n--xx--\r\n");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body, R"({"id":"12345"})");
  EXPECT_EQ(stored(path), "abcdefghi");
  EXPECT_TRUE(std::holds_alternative<upload::WholeFile>(engine.pieces.at(0)));
}

TEST_F(PandaDialectTest, TakesAFormForEachPiece) {
  const std::string path = open(9);
  const auto post = [&](const char* range, const std::string& bytes) {
    return send("POST " + path + "\nContent-Type: multipart/form-data; boundary=xx" +
                    "\nContent-Range: bytes " + range,
                "--xx\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n"
                "--xx\r\nContent-Disposition: form-data; name=\"files[]\"; filename=\"a\"\r\n\r\n" +
                    bytes + "\r\n--xx--\r\n");
  };
  const http::Response first = post("0-4/9", "abcde");
  EXPECT_EQ(first.status, 204);
  EXPECT_EQ(header(first, "Range"), "0-4");
  EXPECT_EQ(error_of(post("6-8/9", "ghi")), "409 OffsetMismatch");
  EXPECT_EQ(error_of(post("5-8/9", "fg")), "409 OffsetMismatch") << "less than it says";
  EXPECT_EQ(stored(path), "abcdefg");
  EXPECT_EQ(error_of(post("5-8/10", "fghi")), "400 BadRequest") << "another size";
  EXPECT_EQ(post("5-8/9", "fghi").body, R"({"id":"12345"})");
  EXPECT_EQ(stored(path), "abcdefghi");
  EXPECT_EQ(post("5-8/9", "fghi").body, R"({"id":"12345"})");
}

TEST_F(PandaDialectTest, RefusesAFormThatCannotBeTheFile) {
  const std::string path = open(9);
  const std::string head = "POST " + path + "\nContent-Type: multipart/form-data; boundary=xx";
  EXPECT_EQ(error_of(send(
                head, "--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--xx--\r\n")),
            "400 BadRequest");
  EXPECT_EQ(error_of(send(head)), "400 BadRequest");
  EXPECT_TRUE(engine.pieces.empty()) << "the engine hears of a file only";
  const std::string file =
      "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
  EXPECT_EQ(error_of(send(head, file + "abcdefghij\r\n--xx--\r\n")), "400 BadRequest");
  EXPECT_EQ(field(last.response, "message"), "file_size is 9 bytes, the file in the form has 10");
  EXPECT_EQ(error_of(send(head, file + "abcdefgh\r\n--xx--\r\n")), "400 BadRequest");
  EXPECT_EQ(field(last.response, "message"), "file_size is 9 bytes, the file in the form has 8");
  EXPECT_EQ(error_of(send(head, file + std::string(100'000, 'x') + "\r\n--xx--\r\n")),
            "400 BadRequest");
  EXPECT_EQ(field(last.response, "message"),
            "file_size is 9 bytes, the file in the form has 100000");
  EXPECT_EQ(error_of(send(head, file + "abcdefghi\r\n--xx")), "400 BadRequest");
  EXPECT_EQ(stored(path), "");
  EXPECT_EQ(error_of(send_broken(head, file + "abcdefghi\r\n--xx")), "503 ConnectionLost");
  EXPECT_EQ(stored(path), "abcdefghi") << "no mistake of the client's: what came is kept";
  EXPECT_EQ(field(send("GET " + path), "state"), "receiving");
}

TEST_F(PandaDialectTest, DoesNotReadAFormForAFinishedUpload) {
  const std::string path = open(9);
  send("PUT " + path, "abcdefghi");
  const http::Response response =
      send("POST " + path + "\nContent-Type: multipart/form-data; boundary=xx", "whatever");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(bytes_read, 0U);
}

TEST_F(PandaDialectTest, SaysThatTheBackendDidNotTakeTheFile) {
  answers_at_once = false;
  const std::string path = open(9);
  EXPECT_EQ(error_of(send(put(path, "0-8/9"), "abcdefghi")), "503 DeliveryPending");
  EXPECT_TRUE(run(EngineFixture::engine->ledger().gave_up(token_of(path), 1, "it answered 500")));
  for (const http::Response& response :
       {send(put(path, "*/9")), send(put(path, "8-8/9"), "i"), send("PUT " + path)}) {
    EXPECT_EQ(error_of(response), "502 DeliveryFailed");
    EXPECT_EQ(field(response, "message").find("it answered 500"), std::string::npos)
        << "the operator's";
    EXPECT_EQ(header(response, "Range"), "0-7");
    EXPECT_EQ(header(response, "Location"), "http://up.example:81" + path);
  }
  const http::Response described = send("GET " + path);
  EXPECT_EQ(field(described, "state"), "failed");
  EXPECT_FALSE(field(described, "failure").empty());
  EXPECT_EQ(field(described, "failure").find("it answered 500"), std::string::npos);
  EXPECT_EQ(field(described, "received"), "8");
}

TEST_F(PandaDialectTest, GivesALargeAnswerFromItsFile) {
  const std::string path = open(9);
  answer.body.clear();
  answer.spilled_bytes = 5;
  EXPECT_EQ(error_of(send(put(path, "0-8/9"), "abcdefghi")), "503 StorageFailed");
  EXPECT_TRUE((*answers.create(1))->append(as_bytes("large")));
  const http::Response response = send(put(path, "*/9"));
  EXPECT_EQ(response.status, 200);
  ASSERT_TRUE(response.source);
  EXPECT_EQ(response.source->remaining(), 5U);
  EXPECT_EQ(header(response, "Range"), "0-8");
}

}  // namespace
}  // namespace sluice::protocol::panda
