// SPDX-License-Identifier: MIT
#include "support/rufh_fixture.h"

namespace sluice::protocol::rufh {
namespace {

using testing::RufhFixture;

class RufhCreationTest : public RufhFixture {
 protected:
  std::string path_of(std::uint64_t id) const { return "/uploads/" + journal.uploads.at(id).token; }
};

TEST_F(RufhCreationTest, TakesAnyMethodWithContent) {
  std::uint64_t id = 0;
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    const http::Response response =
        rufh(std::string(method) + " /files\nUpload-Complete: ?1", "abc");
    EXPECT_EQ(told(response), "200 3 ?1") << method;
    EXPECT_EQ(stored(path_of(++id)), "abc");
    EXPECT_STREQ(last.dialect, "rufh");
    EXPECT_EQ(last.upload_id, id);
  }
  EXPECT_EQ(rufh("GET /files\nUpload-Complete: ?1").status, 405);
  EXPECT_EQ(rufh("DELETE /files\nUpload-Complete: ?1").status, 405);
}

TEST_F(RufhCreationTest, TellsNobodyOfALocationWhoDoesNotAsk) {
  struct Case {
    const char* fields;
    const char* completeness;
  };
  for (const Case& c : {
           Case{"", "(none)"},
           Case{"\nUpload-Draft-Interop-Version: 2\nUpload-Complete: ?1", "(none)"},
           Case{"\nUpload-Draft-Interop-Version: 11\nUpload-Complete: ?1", "(none)"},
           Case{"\nUpload-Draft-Interop-Version: 6", "(none)"},
           Case{"\nUpload-Complete: ?1", "?1"},
       }) {
    const http::Response response = send(std::string("POST /files") + c.fields, "abc");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"id":"12345"})");
    EXPECT_EQ(interim_answers, "") << c.fields;
    EXPECT_EQ(header(response, "Upload-Complete"), c.completeness) << c.fields;
    EXPECT_EQ(header(response, "Upload-Draft-Interop-Version"), "(none)");
  }
}

TEST_F(RufhCreationTest, TakesNoPartForTheWholeInAVersionThatItDoesNotSpeak) {
  for (const char* fields : {"\nUpload-Complete: ?0", "\nUpload-Incomplete: ?1"}) {
    const http::Response response =
        send(std::string("POST /files\nUpload-Draft-Interop-Version: 2") + fields, "abc");
    EXPECT_EQ(response.status, 400) << fields;
    EXPECT_EQ(header(response, "Upload-Draft-Interop-Version"), "(none)");
  }
  EXPECT_TRUE(journal.uploads.empty());
}

TEST_F(RufhCreationTest, ObeysTheNewestVersionOfTheSettings) {
  settings.rufh_newest = 6;
  version = 7;
  EXPECT_EQ(rufh("POST /files\nUpload-Complete: ?0", "abc").status, 400);
  version = 6;
  EXPECT_EQ(rufh("POST /files\nUpload-Complete: ?0", "abc").status, 201);
}

TEST_F(RufhCreationTest, KeepsABodyThatBreaksOff) {
  send_broken(
      "POST /files\nUpload-Draft-Interop-Version: 10\nContent-Length: 9\nUpload-Complete: ?1",
      "abcd");
  const std::string path = path_of(1);
  EXPECT_EQ(told_at(path), "204 4 ?0");
  EXPECT_EQ(header(last.response, "Upload-Length"), "9");
  EXPECT_EQ(told(patch(path, 4, "efghi", true)), "200 9 ?1");
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(RufhCreationTest, KeepsABodyOfUnknownLengthThatBreaksOff) {
  send_broken(
      "POST /files\nUpload-Draft-Interop-Version: 10\nTransfer-Encoding: chunked\n"
      "Upload-Complete: ?1",
      "abcd");
  const std::string path = path_of(1);
  EXPECT_EQ(told_at(path), "204 4 ?0") << "never taken for the whole file";
  EXPECT_EQ(header(last.response, "Upload-Length"), "(none)");
  EXPECT_EQ(told(patch(path, 4, "ef", true)), "200 6 ?1");
}

TEST_F(RufhCreationTest, KeepsNothingOfAPlainFileThatBreaksOff) {
  send_broken("POST /files\nContent-Length: 9", "abcd");
  EXPECT_EQ(journal.uploads.at(1).progress.state, model::UploadState::aborted);
}

TEST_F(RufhCreationTest, RefusesTwoLengths) {
  for (const char* fields :
       {"?1\nUpload-Length: 4", "?1\nUpload-Length: 2", "?0\nUpload-Length: 2"}) {
    const http::Response response =
        rufh(std::string("POST /files\nUpload-Complete: ") + fields, "abc");
    EXPECT_EQ(told(response), "400 (none) ?0") << fields;
    EXPECT_EQ(problem_of(response), "inconsistent-upload-length");
  }
  EXPECT_TRUE(journal.uploads.empty());
  for (const char* body : {"abc", "abcdefg"}) {
    const http::Response response = rufh(
        "POST /files\nTransfer-Encoding: chunked\nUpload-Length: 5\nUpload-Complete: ?1", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(problem_of(response), "inconsistent-upload-length");
    EXPECT_EQ(journal.uploads.rbegin()->second.progress.state, model::UploadState::aborted);
  }
}

TEST_F(RufhCreationTest, TellsTheLimitWithAFileThatIsTooLarge) {
  settings.file_size_max = 5;
  const http::Response response = rufh("POST /files\nUpload-Length: 6\nUpload-Complete: ?1", "abc");
  EXPECT_EQ(response.status, 413) << "before the lengths are compared";
  EXPECT_EQ(header(response, "Upload-Limit"), "max-size=5, min-size=0");
  EXPECT_EQ(completeness_in(response), "?0");
}

TEST_F(RufhCreationTest, NamesTheLocationWithAnAnswerThatIsStillToCome) {
  answers_at_once = false;
  const http::Response response = rufh("POST /files\nUpload-Complete: ?1", "abc");
  EXPECT_EQ(told(response), "503 2 ?0");
  const std::string path = path_in(response);
  answer_now(token_of(path));
  EXPECT_EQ(told(patch(path, 2, "c", true)), "200 3 ?1");
}

TEST_F(RufhCreationTest, OpensAFileWithoutBytes) {
  const http::Response response = rufh("POST /files\nUpload-Complete: ?0");
  EXPECT_EQ(told(response), "201 0 ?0");
  EXPECT_EQ(interim_answers, "") << "the final answer comes at once";
  const std::string path = path_in(response);
  EXPECT_EQ(told(patch(path, 0, "ab", false)), "204 2 ?0");
  EXPECT_EQ(told(patch(path, 2, "c", true)), "200 3 ?1");
}

TEST_F(RufhCreationTest, RefusesFieldsThatAreBroken) {
  for (const char* field : {"Upload-Complete: yes", "Upload-Complete: ?0\nUpload-Length: -1"}) {
    EXPECT_EQ(rufh(std::string("POST /files\n") + field, "abc").status, 400) << field;
  }
  EXPECT_TRUE(journal.uploads.empty());
}

TEST_F(RufhCreationTest, TellsWhatItTakesToOptions) {
  for (const char* path : {"/files", "/uploads/x"}) {
    const http::Response response = send(std::string("OPTIONS ") + path);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(header(response, "Upload-Limit"), "max-size=4398046511104, min-size=0");
    EXPECT_EQ(header(response, "Accept-Patch"), "application/partial-upload");
  }
}

TEST_F(RufhCreationTest, TheApplicationMayRefuse) {
  class Closed final : public SessionGate {
   public:
    runtime::Task<Verdict> ask(upload::NewUpload, const http::Request&,
                               const http::RequestContext&) override {
      http::Response response;
      response.status = 403;
      response.body = "not you";
      co_return response;
    }
  };
  Closed closed;
  Access access(open_to_all, settings);
  UploadOpener opener(engine, closed, access, settings);
  RufhDialect dialect({engine, opener, access, settings});
  more_dialects = {&dialect};
  const http::Response response = rufh("POST /files\nUpload-Complete: ?1", "abc");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "not you");
  EXPECT_EQ(completeness_in(response), "?0") << "it is no answer of the backend";
  EXPECT_EQ(interim_answers, "");
  EXPECT_EQ(bytes_read, 0U);
}

class RufhAccessTest : public RufhFixture {
 protected:
  RufhAccessTest() : RufhFixture(guarded_) {}

  static std::vector<auth::Credential> credentials() {
    auth::Credential ann;
    ann.owner = "ann";
    ann.api_key = "api-key";
    ann.token = "clou_ann";
    return {ann};
  }

 private:
  auth::Keyring keys_{credentials(), true};
  auth::Authenticator guarded_{keys_, clock, {}};
};

TEST_F(RufhAccessTest, CreationAsksWhoMayAndTheLocationDoesNot) {
  std::string path;
  for (const char* allowed :
       {"?token=clou_ann&payload=p", "\nX-Api-Key: api-key", "\nAuthorization: Bearer api-key"}) {
    const http::Response response =
        rufh(std::string("POST /files") + allowed + "\nUpload-Complete: ?0", "abc");
    EXPECT_EQ(told(response), "201 3 ?0") << allowed;
    EXPECT_EQ(engine.created.back().owner, "ann");
    path = path_in(response);
  }
  EXPECT_EQ(engine.created.front().parameters, R"({"payload":"p"})");
  EXPECT_EQ(told(patch(path, 3, "d", true)), "200 4 ?1");
  const std::size_t count = engine.created.size();
  for (const char* refused : {"?token=x", "\nX-Api-Key: x", "\nAuthorization: Bearer x"}) {
    for (const char* words : {"\nUpload-Complete: ?1", ""}) {
      const http::Response response = send(std::string("POST /files") + refused + words, "abc");
      EXPECT_EQ(response.status, 401) << refused;
      EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
    }
  }
  EXPECT_EQ(engine.created.size(), count);
  EXPECT_EQ(bytes_read, 0U);
}

}  // namespace
}  // namespace sluice::protocol::rufh
