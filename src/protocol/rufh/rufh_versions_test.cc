// SPDX-License-Identifier: MIT
// What differs from version to version, and what does not.
#include "support/rufh_fixture.h"

namespace sluice::protocol::rufh {
namespace {

using testing::RufhFixture;

class RufhVersionsTest : public RufhFixture, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  RufhVersionsTest() { version = GetParam(); }

  std::string version_in(const http::Response& response) const {
    return header(response, "Upload-Draft-Interop-Version");
  }
};

INSTANTIATE_TEST_SUITE_P(All, RufhVersionsTest, ::testing::Range<std::uint64_t>(3, 11));

TEST_P(RufhVersionsTest, TakesAFileInTwoParts) {
  const http::Response created =
      rufh("POST /files\nUpload-Length: 9\n" + completeness(false), "abcd");
  EXPECT_EQ(told(created), "201 4 ?0");
  EXPECT_EQ(version_in(created), std::to_string(version));
  const std::string path = path_in(created);
  EXPECT_EQ(told_at(path), "204 4 ?0");
  EXPECT_EQ(header(last.response, "Upload-Length"), "9");
  EXPECT_EQ(header(last.response, "Cache-Control"), "no-store");
  const http::Response finished = patch(path, 4, "efghi", true);
  EXPECT_EQ(told(finished), "200 9 ?1");
  EXPECT_EQ(finished.body, R"({"id":"12345"})");
  EXPECT_EQ(version_in(finished), std::to_string(version));
  EXPECT_EQ(header(finished, "Sluice-Answer"), "backend");
  EXPECT_EQ(stored(path), "abcdefghi");
  EXPECT_EQ(told_at(path), "204 9 ?1");
}

TEST_P(RufhVersionsTest, TakesAWholeFileAndTellsOfItsLocationBefore) {
  const http::Response response = rufh("POST /files\n" + completeness(true), "abcdefghi");
  EXPECT_EQ(told(response), "200 9 ?1");
  EXPECT_EQ(stored("/uploads/" + journal.uploads.at(1).token), "abcdefghi");
  const std::string location = "http://up.example:81/uploads/" + journal.uploads.at(1).token;
  const std::string limit = version < 6    ? ""
                            : version == 6 ? "Upload-Limit: max-size=4398046511104, min-size=0, "
                                             "expires=3600\r\n"
                                           : "Upload-Limit: max-size=4398046511104, min-size=0, "
                                             "max-age=3600\r\n";
  EXPECT_EQ(interim_answers,
            "HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Draft-Interop-Version: " +
                std::to_string(version) + "\r\nLocation: " + location + "\r\n" + limit + "\r\n");
  EXPECT_EQ(header(response, "Location"), version <= 6 ? location : "(none)");
}

TEST_P(RufhVersionsTest, AnswersAPartByItsStatus) {
  const std::string path = create(9);
  const std::string stored_part = version <= 6 ? "201" : "204";
  EXPECT_EQ(told(patch(path, 0, "abc", false)), stored_part + " 3 ?0");
  EXPECT_EQ(told(patch(path, 3, "", false)), stored_part + " 3 ?0");
  EXPECT_EQ(header(last.response, "Location"), "(none)");
}

TEST_P(RufhVersionsTest, TakesAnAppendWithoutCompletenessForTheLastOrRefusesIt) {
  const std::string path = create(3);
  const http::Response response =
      rufh("PATCH " + path + "\nContent-Type: application/partial-upload\nUpload-Offset: 0", "abc");
  EXPECT_EQ(response.status, version <= 6 ? 200 : 400);
  EXPECT_EQ(completeness_in(response), version <= 6 ? "?1" : "?0");
}

TEST_P(RufhVersionsTest, AsksForTheMediaTypeOfAPart) {
  const std::string path = create(3);
  const http::Response response =
      rufh("PATCH " + path + "\nUpload-Offset: 0\n" + completeness(true), "abc");
  EXPECT_EQ(response.status, version <= 5 ? 200 : 415);
  EXPECT_EQ(header(response, "Accept-Patch"),
            version <= 5 ? "(none)" : "application/partial-upload");
}

TEST_P(RufhVersionsTest, TellsLimitsSinceTheyExist) {
  const http::Response created = rufh("POST /files\nUpload-Length: 9\n" + completeness(false));
  const std::string limit = version <= 5   ? "(none)"
                            : version == 6 ? "max-size=4398046511104, min-size=0, expires=3600"
                                           : "max-size=4398046511104, min-size=0, max-age=3600";
  EXPECT_EQ(header(created, "Upload-Limit"), limit);
  clock.advance(std::chrono::seconds(600));
  told_at(path_in(created));
  EXPECT_EQ(header(last.response, "Upload-Limit"),
            version <= 5 ? limit : limit.substr(0, limit.rfind('=') + 1) + "3000");
}

TEST_P(RufhVersionsTest, OpensAnEmptyFile) {
  const http::Response created = rufh("POST /files\nUpload-Length: 0\n" + completeness(false));
  if (version <= 6) {
    EXPECT_EQ(told(created), "200 0 ?1");
    return;
  }
  EXPECT_EQ(told(created), "201 0 ?0");
  const std::string path = path_in(created);
  EXPECT_EQ(told_at(path), "204 0 ?0");
  EXPECT_EQ(told(patch(path, 0, "", true)), "200 0 ?1");
  EXPECT_EQ(told_at(path), "204 0 ?1");
}

TEST_P(RufhVersionsTest, SaysWhereTheNextByteBelongs) {
  const std::string path = create("\nUpload-Length: 9", "abcd");
  for (const std::uint64_t offset : {0U, 3U, 5U, 9U, 10U}) {
    const http::Response response = patch(path, offset, "x", false);
    EXPECT_EQ(told(response), "409 4 ?0") << offset;
    EXPECT_EQ(problem_of(response), "mismatching-upload-offset");
    EXPECT_EQ(field(response, "expected-offset"), "4");
    EXPECT_EQ(field(response, "provided-offset"), std::to_string(offset));
  }
  EXPECT_EQ(stored(path), "abcd");
}

TEST_P(RufhVersionsTest, RepeatsTheAnswerAtTheEndAndRefusesOtherAppends) {
  const std::string path = create("\nUpload-Length: 4", "");
  EXPECT_EQ(told(patch(path, 0, "abcd", true)), "200 4 ?1");
  EXPECT_EQ(told(patch(path, 4, "", true)), "200 4 ?1");
  EXPECT_EQ(told(patch(path, 3, "d", true)), "200 4 ?1");
  EXPECT_EQ(last.response.body, R"({"id":"12345"})");
  const http::Response again = patch(path, 0, "abcd", true);
  const bool is_problem_of_its_own = version >= 6 && version <= 8;
  EXPECT_EQ(again.status, is_problem_of_its_own ? 400 : 409);
  EXPECT_EQ(problem_of(again),
            is_problem_of_its_own ? "completed-upload" : "mismatching-upload-offset");
  EXPECT_EQ(completeness_in(again), "?0");
  EXPECT_EQ(deliveries, 1);
}

TEST_P(RufhVersionsTest, RefusesStateAtOtherMethods) {
  const std::string path = create(9);
  for (const char* method : {"HEAD ", "GET ", "DELETE "}) {
    for (const char* field : {"Upload-Offset: 0", "Upload-Complete: ?0", "Upload-Incomplete: ?1"}) {
      EXPECT_EQ(rufh(method + path + "\n" + field).status, 400) << method << field;
    }
  }
  EXPECT_EQ(told_at(path), "204 0 ?0");
}

TEST_P(RufhVersionsTest, KeepsTheAnswerOfARefusal) {
  refuse_file();
  const std::string path = create(4);
  for (const std::uint64_t offset : {0U, 3U, 4U}) {
    const http::Response response = patch(path, offset, std::string("abcd").substr(offset), true);
    EXPECT_EQ(told(response), "422 (none) ?1");
    EXPECT_EQ(response.body, R"({"no":"thanks"})");
  }
  EXPECT_EQ(told_at(path), "204 3 ?0") << "no client may take a refused file for taken";
}

TEST_P(RufhVersionsTest, WithholdsTheLastByteWhileTheBackendIsSilent) {
  answers_at_once = false;
  const std::string path = create(4);
  const http::Response response = patch(path, 0, "abcd", true);
  EXPECT_EQ(told(response), "503 3 ?0");
  EXPECT_NE(header(response, "Retry-After"), "(none)");
  EXPECT_EQ(told_at(path), "204 3 ?0");
  EXPECT_EQ(told(patch(path, 3, "d", true)), "503 3 ?0");
  answer_now(token_of(path));
  EXPECT_EQ(told_at(path), "204 4 ?1");
  EXPECT_EQ(told(patch(path, 3, "d", true)), "200 4 ?1");
  EXPECT_EQ(deliveries, 1);
}

}  // namespace
}  // namespace sluice::protocol::rufh
