// SPDX-License-Identifier: MIT
#include "protocol/tus/tus_dialect.h"

#include "base/encoding.h"
#include "support/tus_fixture.h"

namespace sluice::protocol::tus {
namespace {

using testing::TusFixture;

constexpr const char* unknown = "/uploads/0123456789012345678901234567890123456789abc";

class TusDialectTest : public TusFixture {};

// T1
TEST_F(TusDialectTest, SpeaksOneVersion) {
  const std::string path = create(9);
  for (const char* asked : {"0.2.2", "1.0", "", "1.0.0, 1.0.0"}) {
    for (const std::string& head : {std::string("POST /files\nUpload-Length: 9"), "HEAD " + path,
                                    patch_head(path, 0), "DELETE " + path}) {
      const http::Response response = send(head + "\nTus-Resumable: " + asked, "");
      EXPECT_EQ(response.status, 412) << head << asked;
      EXPECT_EQ(header(response, "Tus-Version"), "1.0.0");
      EXPECT_EQ(header(response, "Tus-Resumable"), "1.0.0");
    }
  }
  EXPECT_EQ(engine.created.size(), 1U);
  EXPECT_TRUE(engine.pieces.empty());
  EXPECT_TRUE(engine.aborted.empty());
}

// A request that does not say its language is in that of the upload, but for a GET.
TEST_F(TusDialectTest, AsksItsOwnUploadsForTheVersion) {
  const std::string path = create(9);
  EXPECT_EQ(send("HEAD " + path).status, 412);
  EXPECT_EQ(send(patch_head(path, 0), "abc").status, 412);
  EXPECT_EQ(send("DELETE " + path).status, 412);
  EXPECT_EQ(send("GET " + path).status, 200);
  EXPECT_EQ(send("HEAD " + open(9)).status, 200) << "an upload of another dialect";
  EXPECT_TRUE(engine.aborted.empty());
}

TEST_F(TusDialectTest, EveryAnswerSaysTheVersion) {
  const std::string path = create(9);
  for (const std::string& head :
       {"HEAD " + path, "GET " + path, patch_head(path, 0), patch_head(path, 5), "PATCH " + path,
        "DELETE " + path, "PUT " + path, std::string("HEAD ") + unknown,
        std::string("GET /uploads/x"), std::string("POST /files"),
        std::string("POST /files\nUpload-Length: x")}) {
    const http::Response response = tus(head);
    EXPECT_EQ(header(response, "Tus-Resumable"), "1.0.0") << head << response.status;
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"),
              head.find("/files") == std::string::npos ? "*" : "(none)");
  }
}

// T2
TEST_F(TusDialectTest, TheMethodMayStandInAField) {
  const std::string path = create(3);
  const http::Response patched =
      tus("POST " + path + "\nX-HTTP-Method-Override: PATCH\nUpload-Offset: 0" +
              "\nContent-Type: application/offset+octet-stream",
          "abc");
  EXPECT_EQ(told(patched), "204 3");
  EXPECT_EQ(told(tus("POST " + path + "\nX-HTTP-Method-Override: HEAD")), "200 3");
  EXPECT_EQ(tus("POST " + path + "\nX-HTTP-Method-Override: NONSENSE").status, 405);
  EXPECT_EQ(tus("POST " + create(3) + "\nX-HTTP-Method-Override: DELETE").status, 204);
}

// T3
TEST_F(TusDialectTest, TellsTheOffset) {
  const std::string path = create(9);
  const http::Response empty = tus("HEAD " + path);
  EXPECT_EQ(told(empty), "200 0");
  EXPECT_EQ(header(empty, "Upload-Length"), "9");
  EXPECT_EQ(header(empty, "Cache-Control"), "no-store");
  EXPECT_EQ(told(patch(path, 0, "abcde")), "204 5");
  EXPECT_EQ(told(tus("HEAD " + path)), "200 5");
  EXPECT_EQ(told(patch(path, 5, "fghi")), "204 9");
  EXPECT_EQ(told(tus("HEAD " + path)), "200 9");
  EXPECT_EQ(header(tus("HEAD " + path), "Upload-Length"), "9");
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(TusDialectTest, TellsUploadsThatWereFromThoseThatNeverWere) {
  EXPECT_EQ(told(tus(std::string("HEAD ") + unknown)), "404 (none)");
  EXPECT_EQ(told(patch(unknown, 0, "abc")), "404 (none)");
  EXPECT_EQ(tus(std::string("DELETE ") + unknown).status, 404);
  const std::string path = create(9);
  EXPECT_EQ(tus("DELETE " + path).status, 204);
  EXPECT_EQ(told(tus("HEAD " + path)), "410 (none)");
  EXPECT_EQ(told(patch(path, 0, "abc")), "410 (none)");
  EXPECT_EQ(tus("GET " + path).status, 410);
  EXPECT_EQ(tus("DELETE " + path).status, 204) << "its answer may have been lost";
  EXPECT_EQ(last.upload_id, 1U);
}

// T4
TEST_F(TusDialectTest, TakesChunksThatSayWhatTheyAre) {
  const std::string path = create(9);
  const std::string head = "PATCH " + path;
  for (const char* type : {"", "\nContent-Type: application/octet-stream",
                           "\nContent-Type: application/partial-upload"}) {
    EXPECT_EQ(tus(head + "\nUpload-Offset: 0" + type, "abc").status, 415) << type;
  }
  const std::string typed = head + "\nContent-Type: Application/Offset+Octet-Stream; a=b";
  for (const char* offset : {"", "\nUpload-Offset: -1", "\nUpload-Offset: 0x0",
                             "\nUpload-Offset: 0\nUpload-Offset: 0", "\nUpload-Offset:"}) {
    EXPECT_EQ(tus(typed + offset, "abc").status, 400) << offset;
  }
  EXPECT_TRUE(engine.pieces.empty());
  EXPECT_EQ(told(tus(typed + "\nUpload-Offset: 0", "abc")), "204 3");
}

TEST_F(TusDialectTest, RefusesAnotherOffsetAndTellsTheRightOne) {
  const std::string path = create(9);
  patch(path, 0, "abcde");
  for (const char* offset :
       {"0", "4", "6", "9", "10", "18446744073709551615", "99999999999999999999999999"}) {
    const http::Response response =
        tus("PATCH " + path +
                "\nContent-Type: application/offset+octet-stream\nUpload-Offset: " + offset,
            "");
    EXPECT_EQ(told(response), "409 5") << offset;
  }
  EXPECT_EQ(offset_at(path), "5");
  EXPECT_EQ(told(patch(path, 5, "fghi")), "204 9");
  for (const std::uint64_t offset : {0U, 7U, 10U}) {
    EXPECT_EQ(told(patch(path, offset, "")), "409 9") << offset;
  }
}

TEST_F(TusDialectTest, RefusesBytesBehindTheFile) {
  const std::string path = create(9);
  EXPECT_EQ(patch(path, 0, "abcdefghij").status, 413);
  EXPECT_EQ(offset_at(path), "0");
  EXPECT_EQ(told(patch(path, 0, "abcde")), "204 5");
  EXPECT_EQ(patch(path, 5, "fghij").status, 413);
  EXPECT_EQ(told(patch(path, 5, "fghi")), "204 9");
  EXPECT_EQ(patch(path, 9, "j").status, 413);
  EXPECT_EQ(stored(path), "abcdefghi");
}

// T5
TEST_F(TusDialectTest, KeepsWhatArrived) {
  const std::string path = create(9);
  send_broken(patch_head(path, 0) + "\nTus-Resumable: 1.0.0\nContent-Length: 9", "abcd");
  EXPECT_EQ(offset_at(path), "4");
  EXPECT_EQ(told(patch(path, 4, "efghi")), "204 9");
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(TusDialectTest, TakesAnEmptyChunkWhereTheFileIs) {
  const std::string path = create(9);
  EXPECT_EQ(told(patch(path, 0, "")), "204 0");
  patch(path, 0, "abcdefghi");
  EXPECT_EQ(told(patch(path, 9, "")), "204 9");
  EXPECT_EQ(deliveries, 1);
}

// Promise 2: the whole offset is the client's success.
TEST_F(TusDialectTest, WithholdsTheLastByteUntilTheBackendHasTheFile) {
  answers_at_once = false;
  const std::string path = create(9);
  const http::Response waited = patch(path, 0, "abcdefghi");
  EXPECT_EQ(told(waited), "503 (none)");
  EXPECT_EQ(header(waited, "Retry-After"), "5");
  EXPECT_EQ(offset_at(path), "8");
  EXPECT_EQ(told(patch(path, 8, "i")), "503 (none)");
  EXPECT_EQ(told(patch(path, 9, "")), "503 (none)");
  EXPECT_EQ(told(patch(path, 0, "abcdefghi")), "409 8");
  EXPECT_EQ(tus("GET " + path + "/answer").status, 503);
  answer_now(token_of(path));
  EXPECT_EQ(offset_at(path), "9");
  EXPECT_EQ(told(patch(path, 8, "i")), "204 9") << "the offset that HEAD has told";
  EXPECT_EQ(told(patch(path, 9, "")), "204 9");
  EXPECT_EQ(deliveries, 1);
}

// A checkpoint has stored the last byte, and the process died before the request's end.
TEST_F(TusDialectTest, GoesOnWhereAllIsStoredAndNothingWasHandedOver) {
  for (const char* last_byte : {"i", ""}) {
    begin_anew();
    const std::string path = create(9);
    patch(path, 0, "abcdefgh");
    model::UploadRecord& record = journal.uploads.at(1);
    store.blobs.at(1).bytes += "i";
    store.blobs.at(1).durable += "i";
    record.progress.stored.add({8, 9});
    journal.cover(1, {8, 9});
    restart();
    EXPECT_EQ(offset_at(path), "8");
    const std::uint64_t offset = *last_byte == '\0' ? 9 : 8;
    EXPECT_EQ(told(patch(path, offset, last_byte)), "204 9");
    EXPECT_EQ(delivered_bytes, "abcdefghi");
  }
}

TEST_F(TusDialectTest, ARefusedFileIsNoSuccess) {
  refuse_file();
  const std::string path = create(9);
  for (const std::uint64_t offset : {0U, 8U, 9U}) {
    const http::Response refused = patch(path, offset, std::string("abcdefghi").substr(offset));
    EXPECT_EQ(told(refused), "422 (none)");
    EXPECT_EQ(refused.body, R"({"no":"thanks"})");
    EXPECT_EQ(header(refused, "Sluice-Answer"), "backend");
    EXPECT_EQ(header(refused, "Tus-Resumable"), "1.0.0");
    EXPECT_EQ(offset_at(path), "8");
  }
  EXPECT_EQ(told(patch(path, 3, "")), "409 8");
  const http::Response answer = tus("GET " + path + "/answer");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.body, R"({"no":"thanks"})");
}

TEST_F(TusDialectTest, AFileThatTheBackendDoesNotTakeIsNoSuccess) {
  answers_at_once = false;
  const std::string path = create(9);
  patch(path, 0, "abcdefghi");
  EXPECT_TRUE(run(EngineFixture::engine->ledger().gave_up(token_of(path), 1, "it is out")));
  EXPECT_EQ(told(patch(path, 8, "i")), "502 (none)");
  EXPECT_EQ(offset_at(path), "8");
  EXPECT_EQ(tus("GET " + path + "/answer").status, 502);
}

TEST_F(TusDialectTest, GivesTheBackendsAnswer) {
  const std::string path = create(9);
  EXPECT_EQ(tus("GET " + path + "/answer").status, 503);
  patch(path, 0, "abcdefghi");
  for (const std::string& url : {path + "/answer", path + "//answer/"}) {
    const http::Response answer = send("GET " + url);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"id":"12345"})");
    EXPECT_EQ(header(answer, "Content-Type"), "application/json");
    EXPECT_EQ(header(answer, "Sluice-Answer"), "backend");
    EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "*");
  }
  EXPECT_EQ(last.upload_id, 1U);
  EXPECT_EQ(send(std::string("GET ") + unknown + "/answer").status, 404);
  EXPECT_EQ(send("GET /uploads/x/answer").status, 404);
  EXPECT_EQ(send("PUT " + path + "/answer").status, 405);
}

// As other servers of tus do, whose clients link to the location.
TEST_F(TusDialectTest, GivesTheFileAtItsLocationWhereThatIsAllowed) {
  const std::string path = create(9, "\nUpload-Metadata: filename YQ==,filetype dmlkZW8vbXA0");
  patch(path, 0, "abcdefgh");
  EXPECT_EQ(header(send("GET " + path), "Content-Type"), "application/json");
  settings.downloads = Downloads::capability;
  EXPECT_EQ(send("GET " + path).status, 409);
  patch(path, 8, "i");
  const http::Response file = send("GET " + path + "\nRange: bytes=1-2");
  EXPECT_EQ(file.status, 206);
  EXPECT_EQ(header(file, "Content-Range"), "bytes 1-2/9");
  EXPECT_EQ(header(file, "Content-Type"), "video/mp4");
  EXPECT_EQ(header(file, "Vary"), "Accept");
  settings.origins = *Origins::parse("https://page.example");
  EXPECT_EQ(send("GET " + path).headers.count("Vary"), 2U) << "by the origin, too";
  EXPECT_EQ(field(send("GET " + path + "\nAccept: application/json"), "state"), "delivered");
  EXPECT_EQ(told(tus("HEAD " + path)), "200 9");
  EXPECT_EQ(field(send("GET " + open(3)), "state"), "receiving") << "it is none of tus";
}

TEST_F(TusDialectTest, DescribesAnUpload) {
  const std::string path = create(9);
  patch(path, 0, "abcde");
  const http::Response described = send("GET " + path);
  EXPECT_EQ(described.status, 200);
  EXPECT_EQ(field(described, "state"), "receiving");
  EXPECT_EQ(field(described, "received"), "5");
}

// T6
TEST_F(TusDialectTest, OptionsTellWhatIsSpoken) {
  settings.file_size_max = 1000;
  for (const std::string& head : {std::string("OPTIONS /files"), "OPTIONS " + create(9),
                                  std::string("OPTIONS /files/\nTus-Resumable: 0.1")}) {
    const http::Response response = send(head);
    EXPECT_EQ(response.status, 204) << head;
    EXPECT_EQ(header(response, "Tus-Version"), "1.0.0");
    EXPECT_EQ(header(response, "Tus-Resumable"), "1.0.0");
    EXPECT_EQ(header(response, "Tus-Max-Size"), "1000");
    const std::string extensions = "," + header(response, "Tus-Extension") + ",";
    for (const char* name :
         {"creation", "creation-with-upload", "creation-defer-length", "expiration", "termination",
          "checksum", "checksum-trailer", "concatenation"}) {
      EXPECT_NE(extensions.find("," + std::string(name) + ","), std::string::npos) << name;
    }
  }
  EXPECT_EQ(header(send("OPTIONS /files"), "Allow"), "POST, OPTIONS");
  EXPECT_EQ(header(send("OPTIONS " + create(9)), "Allow"),
            "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS");
  EXPECT_EQ(header(send("OPTIONS /videos.json"), "Tus-Version"), "(none)");
}

// T12
TEST_F(TusDialectTest, TellsWhenAnUploadExpires) {
  const http::Response created = tus("POST /files\nUpload-Length: 9");
  EXPECT_EQ(header(created, "Upload-Expires"), "Fri, 20 Dec 2019 01:00:00 GMT");
  const std::string path = path_in(created);
  EXPECT_EQ(header(tus("HEAD " + path), "Upload-Expires"), "Fri, 20 Dec 2019 01:00:00 GMT");
  clock.advance(std::chrono::minutes(30));
  EXPECT_EQ(header(patch(path, 0, "abc"), "Upload-Expires"), "Sat, 21 Dec 2019 00:30:00 GMT");
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(header(patch(path, 3, "d"), "Upload-Expires"), "Sat, 21 Dec 2019 01:30:00 GMT");
}

// Never 5xx on a HEAD: clients would begin a new upload.
TEST_F(TusDialectTest, AHeadThatCannotBeAnsweredIsToComeAgain) {
  const std::string path = create(9);
  restart();
  journal.finds_to_fail = 2;
  const http::Response response = tus("HEAD " + path);
  EXPECT_EQ(told(response), "423 (none)");
  EXPECT_EQ(offset_at(path), "0");
}

TEST_F(TusDialectTest, GoesOnWithUploadsOfOtherDialects) {
  const std::string path = open(9);
  EXPECT_EQ(told(tus("HEAD " + path)), "200 0");
  send("PUT " + path + "\nContent-Range: bytes 0-4/9", "abcde");
  EXPECT_EQ(told(patch(path, 5, "fgh")), "204 8");
  const http::Response finished = send("PUT " + path + "\nContent-Range: bytes 8-8/9", "i");
  EXPECT_EQ(finished.status, 200);
  EXPECT_EQ(finished.body, R"({"id":"12345"})");
  EXPECT_EQ(told(tus("HEAD " + path)), "200 9");
}

TEST_F(TusDialectTest, OthersGoOnWithItsUploads) {
  const std::string path = create(9);
  patch(path, 0, "abcde");
  EXPECT_EQ(header(send("PUT " + path + "\nContent-Range: bytes */9"), "Range"), "0-4");
  EXPECT_EQ(send("PUT " + path + "\nContent-Range: bytes 5-8/9", "fghi").status, 200);
  EXPECT_EQ(told(tus("HEAD " + path)), "200 9");
}

TEST_F(TusDialectTest, LeavesUploadsInPartsAlone) {
  const http::Response session =
      send("POST /videos/upload.json?file_name=a&file_size=9&multi_chunk=true");
  const std::string location(field(session, "location"));
  const std::string path = location.substr(location.find("/uploads/"));
  EXPECT_EQ(tus("HEAD " + path).status, 400);
  EXPECT_EQ(patch(path, 0, "abc").status, 400);
  EXPECT_TRUE(engine.pieces.empty());
}

TEST_F(TusDialectTest, ErrorsAreALineOfText) {
  const http::Response response = tus("POST /files\nUpload-Length: -1");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.body, "Upload-Length: expected a non-negative decimal number, got \"-1\"\n");
}

// 408 is final for clients, as all of 4xx but 409 and 423.
TEST_F(TusDialectTest, WhatARetryHealsIsNo4xx) {
  const std::string path = create(9);
  const std::string head = patch_head(path, 0) + "\nTus-Resumable: 1.0.0";
  for (const Errc code : {Errc::idle_timeout, Errc::taken_over, Errc::draining, Errc::overloaded,
                          Errc::storage_failed}) {
    const http::Response response = refuse(head, Error(code, "?"));
    EXPECT_EQ(response.status, 503);
  }
}

constexpr const char* sha1_of_abc = "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";

// T13, T14
TEST_F(TusDialectTest, AChunkWithAChecksumCountsWholeOrNotAtAll) {
  const std::string path = create(6);
  const std::string field = std::string("\nUpload-Checksum: ") + sha1_of_abc;
  EXPECT_EQ(told(patch(path, 0, "abd", field)), "460 (none)");
  EXPECT_EQ(offset_at(path), "0");
  send_broken(patch_head(path, 0) + "\nTus-Resumable: 1.0.0\nContent-Length: 3" + field, "ab");
  EXPECT_EQ(offset_at(path), "0");
  EXPECT_EQ(told(patch(path, 0, "abc", field)), "204 3");
  EXPECT_EQ(told(patch(path, 3, "def", "\nUpload-Checksum: md5 Tve7SJfv6Y1gXNLOf3n9Tg==")),
            "460 (none)");
  EXPECT_EQ(deliveries, 0) << "the end of the file, but the wrong one";
  EXPECT_EQ(told(patch(path, 3, "def", "\nUpload-Checksum: crc32 DYWVOg==")), "460 (none)");
  EXPECT_EQ(told(patch(path, 3, "abc", field)), "204 6");
  EXPECT_EQ(stored(path), "abcabc");
  for (const char* wrong : {"sha1 x", "sha512 AAAA", "sha1", ""}) {
    const std::string malformed = std::string("\nUpload-Checksum: ") + wrong;
    EXPECT_EQ(patch(create(6), 0, "abc", malformed).status, 400) << wrong;
  }
  EXPECT_EQ(header(send("OPTIONS /files"), "Tus-Checksum-Algorithm"), "sha1,sha256,md5,crc32");
}

// T15
TEST_F(TusDialectTest, AChecksumMayComeBehindTheChunk) {
  class Behind final : public http::Trailers {
   public:
    std::optional<std::string> trailer(std::string_view name) const override {
      return name == "Upload-Checksum" ? value : std::nullopt;
    }
    std::optional<std::string> value;
  };
  Behind behind;
  trailers = &behind;
  const std::string path = create(3);
  const std::string fields = "\nTransfer-Encoding: chunked\nTrailer: X, upload-checksum";
  EXPECT_EQ(patch(path, 0, "abc", fields).status, 400) << "it does not come";
  behind.value = "sha256 x";
  EXPECT_EQ(patch(path, 0, "abc", fields).status, 400);
  behind.value = sha1_of_abc;
  EXPECT_EQ(told(patch(path, 0, "abd", fields)), "460 (none)");
  EXPECT_EQ(offset_at(path), "0");
  EXPECT_EQ(told(patch(path, 0, "abc", fields)), "204 3");
}

// T10
TEST_F(TusDialectTest, TheSizeMayBeToldLater) {
  const http::Response created = tus("POST /files\nUpload-Defer-Length: 1");
  EXPECT_EQ(told(created), "201 0");
  const std::string path = path_in(created);
  EXPECT_EQ(told(tus("HEAD " + path)), "200 0");
  EXPECT_EQ(header(last.response, "Upload-Defer-Length"), "1");
  EXPECT_EQ(header(last.response, "Upload-Length"), "(none)");
  EXPECT_EQ(told(patch(path, 0, "abc")), "204 3");
  const std::string length = "\nUpload-Length: ";
  EXPECT_EQ(patch(path, 3, "def", length + "2").status, 413) << "less than comes";
  EXPECT_EQ(patch(path, 3, "", length + "2").status, 413);
  EXPECT_EQ(told(patch(path, 2, "def", length + "6")), "409 3");
  EXPECT_EQ(patch(path, 3, "def", length + "x").status, 400);
  EXPECT_EQ(header(tus("HEAD " + path), "Upload-Defer-Length"), "1") << "none of them counts";
  EXPECT_EQ(told(patch(path, 3, "def", length + "9")), "204 6");
  EXPECT_EQ(header(tus("HEAD " + path), "Upload-Length"), "9");
  EXPECT_EQ(header(last.response, "Upload-Defer-Length"), "(none)");
  EXPECT_EQ(patch(path, 6, "ghi", length + "10").status, 400) << "it is the size for ever";
  EXPECT_EQ(told(patch(path, 6, "ghi", length + "9")), "204 9");
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(TusDialectTest, TheSizeMayBeToldAtTheEnd) {
  for (const char* bytes : {"abc", ""}) {
    begin_anew();
    const std::string path = path_in(tus("POST /files\nUpload-Defer-Length: 1"));
    patch(path, 0, bytes);
    const std::string size = std::to_string(std::string_view(bytes).size());
    EXPECT_EQ(told(patch(path, std::stoull(size), "", "\nUpload-Length: " + size)), "204 " + size);
    EXPECT_EQ(delivered_bytes, bytes);
    EXPECT_EQ(header(tus("HEAD " + path), "Upload-Length"), size);
  }
}

TEST_F(TusDialectTest, AFileOfUnknownSizeHasABound) {
  settings.file_size_max = 5;
  const std::string path = path_in(tus("POST /files\nUpload-Defer-Length: 1"));
  EXPECT_EQ(patch(path, 0, "", "\nUpload-Length: 6").status, 413);
  EXPECT_EQ(patch(path, 0, "", "\nUpload-Length: 99999999999999999999").status, 413);
  EXPECT_EQ(patch(path, 0, "abcdef").status, 413);
}

// A body whose size is told by its end.
TEST_F(TusDialectTest, RefusesBytesBehindTheFileInAChunkedBody) {
  const std::string path = create(3);
  const std::string chunked = "\nTransfer-Encoding: chunked";
  EXPECT_EQ(patch(path, 0, "abcd", chunked).status, 413);
  EXPECT_EQ(deliveries, 0);
  EXPECT_EQ(told(patch(path, std::stoull(offset_at(path)), "c", chunked)), "204 3");
  EXPECT_EQ(delivered_bytes, "abc");
}

}  // namespace
}  // namespace sluice::protocol::tus
