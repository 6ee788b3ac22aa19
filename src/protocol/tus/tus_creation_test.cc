// SPDX-License-Identifier: MIT
#include "auth/mac.h"
#include "auth/signature.h"
#include "base/encoding.h"
#include "protocol/tus/tus_dialect.h"
#include "support/tus_fixture.h"

namespace sluice::protocol::tus {
namespace {

using testing::TusFixture;

constexpr const char* chunk = "\nContent-Type: application/offset+octet-stream";

std::string described(const std::vector<std::pair<const char*, const char*>>& entries) {
  std::string text;
  for (const auto& [key, value] : entries) {
    text += text.empty() ? "\nUpload-Metadata: " : ",";
    text += std::string(key) + " " + to_base64(as_bytes(std::string_view(value)));
  }
  return text;
}

class TusCreationTest : public TusFixture {
 protected:
  http::Response post(const std::string& fields, const std::string& body = {}) {
    return tus("POST /files" + fields, body);
  }
};

// T7
TEST_F(TusCreationTest, AsksForTheSizeOfTheFile) {
  for (const char* fields :
       {"", "\nUpload-Length: x", "\nUpload-Length: -1", "\nUpload-Defer-Length: 2",
        "\nUpload-Length: 1\nUpload-Defer-Length: 1", "\nUpload-Length: 1\nUpload-Length: 1"}) {
    EXPECT_EQ(post(fields).status, 400) << fields;
  }
  for (const char* fields : {"\nUpload-Length: 9007199254740993", "\nUpload-Length: 4398046511105",
                             "\nUpload-Length: 99999999999999999999"}) {
    EXPECT_EQ(post(fields).status, 413) << fields;
  }
  EXPECT_TRUE(journal.uploads.empty());
}

// T8
TEST_F(TusCreationTest, TellsTheLocation) {
  const http::Response response = post("\nUpload-Length: 9");
  EXPECT_EQ(told(response), "201 0");
  EXPECT_EQ(header(response, "Location"),
            "http://up.example:81/uploads/" + journal.uploads.at(1).token);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(last.upload_id, 1U);
  EXPECT_STREQ(last.route, "files");
  EXPECT_STREQ(last.dialect, "tus");
  EXPECT_EQ(journal.uploads.at(1).dialect, "tus");
  EXPECT_EQ(tus("POST /files/\nUpload-Length: 9").status, 201);
}

// T9
TEST_F(TusCreationTest, MetadataBecomesParameters) {
  post("\nUpload-Length: 9" + described({{"filename", "a b.mp4"},
                                         {"name", "other"},
                                         {"filetype", "video/mp4"},
                                         {"relativePath", "null"},
                                         {"x\xC3\xA4", "?"}}));
  EXPECT_TRUE(engine.created.empty()) << "keys are ASCII";
  post("\nUpload-Length: 9" + described({{"filename", "a b.mp4"},
                                         {"name", "other"},
                                         {"filetype", "video/mp4"},
                                         {"relativePath", "null"},
                                         {"bad", "\xFF"},
                                         {"empty", ""}}));
  const upload::NewUpload& upload = engine.created.at(0);
  EXPECT_EQ(upload.file_name, "a b.mp4");
  EXPECT_EQ(upload.content_type, "video/mp4");
  EXPECT_EQ(upload.parameters,
            R"({"filename":"a b.mp4","name":"other","filetype":"video/mp4",)"
            "\"relativePath\":\"null\",\"bad\":\"\xEF\xBF\xBD\",\"empty\":\"\"}");
}

TEST_F(TusCreationTest, AHeadRepeatsTheMetadataAsItCame) {
  const std::string metadata = "name YQ==, x ,y   Yg==";
  const std::string path = path_in(post("\nUpload-Length: 9\nUpload-Metadata: " + metadata));
  restart();
  EXPECT_EQ(header(tus("HEAD " + path), "Upload-Metadata"), metadata);
  EXPECT_EQ(header(tus("HEAD " + create(9)), "Upload-Metadata"), "(none)");
}

TEST_F(TusCreationTest, UnderstandsBothNamesOfAFile) {
  post("\nUpload-Length: 9" + described({{"name", "n"}, {"type", "text/plain"}}));
  EXPECT_EQ(engine.created.at(0).file_name, "n");
  EXPECT_EQ(engine.created.at(0).content_type, "text/plain");
  post("\nUpload-Length: 9\nUpload-Metadata:");
  EXPECT_EQ(engine.created.at(1).file_name, "upload");
  EXPECT_EQ(engine.created.at(1).parameters, "{}");
  EXPECT_EQ(post("\nUpload-Length: 9\nUpload-Metadata: filename !").status, 400);
}

TEST_F(TusCreationTest, TheQueryGoesBeforeTheMetadata) {
  tus("POST /files?file_name=q&payload=1&content_type=a/b\nUpload-Length: 9" +
      described({{"filename", "m"},
                 {"payload", "2"},
                 {"cloud_id", "x"},
                 {"token", "y"},
                 {"file_size", "7"},
                 {"more", "3"}}));
  const upload::NewUpload& upload = engine.created.at(0);
  EXPECT_EQ(upload.file_name, "q");
  EXPECT_EQ(upload.content_type, "a/b");
  EXPECT_EQ(upload.file_size, 9U);
  EXPECT_EQ(upload.parameters, R"({"payload":"1","content_type":"a/b","filename":"m","more":"3"})");
}

TEST_F(TusCreationTest, AnEmptyFileIsCompleteAtOnce) {
  EXPECT_EQ(told(post("\nUpload-Length: 0")), "201 0");
  EXPECT_EQ(deliveries, 1);
  const std::string path = path_in(last.response);
  EXPECT_EQ(told(tus("HEAD " + path)), "200 0");
  EXPECT_EQ(told(patch(path, 0, "")), "204 0");
  EXPECT_EQ(deliveries, 1);
}

TEST_F(TusCreationTest, AnEmptyFileIsNoFalseSuccess) {
  answers_at_once = false;
  const http::Response waited = post("\nUpload-Length: 0");
  EXPECT_EQ(told(waited), "503 (none)");
  const std::string path = path_in(waited);
  EXPECT_EQ(told(tus("HEAD " + path)), "423 (none)");
  EXPECT_EQ(told(patch(path, 0, "")), "503 (none)");
  answer_now(token_of(path));
  EXPECT_EQ(told(tus("HEAD " + path)), "200 0");
  begin_anew();
  answers_at_once = true;
  refuse_file();
  EXPECT_EQ(told(post("\nUpload-Length: 0")), "422 (none)");
  EXPECT_EQ(told(tus("HEAD " + path_in(last.response))), "422 (none)");
  begin_anew();
  answers_at_once = false;
  const std::string given_up = path_in(post("\nUpload-Length: 0"));
  EXPECT_TRUE(run(EngineFixture::engine->ledger().gave_up(token_of(given_up), 1, "it is out")));
  EXPECT_EQ(told(tus("HEAD " + given_up)), "423 (none)") << "the operator may have it tried again";
}

// T11
TEST_F(TusCreationTest, MayBringTheBeginningOfTheFile) {
  const http::Response first = post(std::string("\nUpload-Length: 9") + chunk, "abcde");
  EXPECT_EQ(told(first), "201 5");
  const std::string path = path_in(first);
  EXPECT_EQ(told(patch(path, 5, "fghi")), "204 9");
  EXPECT_EQ(stored(path), "abcdefghi");
  EXPECT_EQ(told(post(std::string("\nUpload-Length: 3") + chunk, "abc")), "201 3");
  EXPECT_EQ(delivered_bytes, "abc");
  EXPECT_EQ(told(post(std::string("\nUpload-Length: 3") + chunk)), "201 0") << "an empty one";
}

TEST_F(TusCreationTest, RefusesABeginningThatIsNone) {
  EXPECT_EQ(post("\nUpload-Length: 9", "abc").status, 415);
  EXPECT_EQ(post("\nUpload-Length: 9\nContent-Type: text/plain", "abc").status, 415);
  EXPECT_EQ(post("\nUpload-Length: 9\nContent-Type: text/plain").status, 201) << "no body";
  EXPECT_EQ(post(std::string("\nUpload-Length: 2") + chunk, "abc").status, 413);
  EXPECT_EQ(engine.created.size(), 1U);
}

TEST_F(TusCreationTest, KeepsWhatArrivedOfTheBeginning) {
  send_broken(
      std::string("POST /files\nTus-Resumable: 1.0.0\nUpload-Length: 9\nContent-Length: 9") + chunk,
      "abcd");
  EXPECT_EQ(offset_at("/uploads/" + journal.uploads.at(1).token), "4");
}

TEST_F(TusCreationTest, AWholeFileIsNoFalseSuccess) {
  answers_at_once = false;
  const http::Response waited = post(std::string("\nUpload-Length: 3") + chunk, "abc");
  EXPECT_EQ(told(waited), "201 2");
  answer_now(token_of(path_in(waited)));
  EXPECT_EQ(told(patch(path_in(waited), 2, "c")), "204 3");
  begin_anew();
  answers_at_once = true;
  refuse_file();
  const http::Response refused = post(std::string("\nUpload-Length: 3") + chunk, "abc");
  EXPECT_EQ(told(refused), "422 (none)");
  EXPECT_EQ(refused.body, R"({"no":"thanks"})");
}

TEST_F(TusCreationTest, NothingRemainsOfAWrongBeginning) {
  const std::string fields = std::string("\nUpload-Length: 6") + chunk;
  const std::string checksum = "\nUpload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
  const http::Response wrong = post(fields + checksum, "abd");
  EXPECT_EQ(wrong.status, 460);
  EXPECT_EQ(header(wrong, "Location"), "(none)");
  EXPECT_EQ(journal.uploads.at(1).progress.state, model::UploadState::aborted);
  EXPECT_EQ(told(post(fields + checksum, "abc")), "201 3");
}

TEST_F(TusCreationTest, TheApplicationMayRefuse) {
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
  TusDialect dialect({engine, opener, access, settings});
  more_dialects = {&dialect};
  const http::Response response = post("\nUpload-Length: 3");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "not you");
  EXPECT_EQ(header(response, "Tus-Resumable"), "1.0.0");
}

class TusAccessTest : public TusFixture {
 protected:
  TusAccessTest() : TusFixture(guarded_) {}

  static std::vector<auth::Credential> credentials() {
    auth::Credential ann;
    ann.owner = "ann";
    ann.access_key = "key";
    ann.secret_key = "secret";
    ann.api_key = "api-key";
    ann.token = "clou_ann";
    ann.cloud_ids = {"cloud"};
    return {ann};
  }
  static std::string signed_post(std::vector<http::FormField> fields) {
    fields.insert(fields.end(), {{"access_key", "key"}, {"timestamp", "2019-12-20T00:00:00Z"}});
    const std::string query = *auth::canonical_query(fields, auth::Dialect::documented);
    const std::string signature =
        auth::sign("secret", auth::string_to_sign("POST", "up.example", "/files", query));
    return "POST /files?" + query + "&signature=" + percent_encode(signature) +
           "\nUpload-Length: 9";
  }

  auth::Keyring keys_{credentials(), true};
  auth::Authenticator guarded_{keys_, clock, {}};
};

TEST_F(TusAccessTest, CreationAsksWhoMay) {
  const std::string size = "\nUpload-Length: 9";
  for (const char* allowed :
       {"?token=clou_ann", "\nX-Api-Key: api-key", "\nAuthorization: Bearer api-key",
        "\nAuthorization: bearer  clou_ann"}) {
    EXPECT_EQ(tus(std::string("POST /files") + allowed + size).status, 201) << allowed;
    EXPECT_EQ(engine.created.back().owner, "ann");
  }
  const std::size_t count = engine.created.size();
  for (const char* refused : {"?token=x", "\nX-Api-Key: x", "\nAuthorization: Bearer x",
                              "?token=clou_ann&cloud_id=other"}) {
    const http::Response response = tus(std::string("POST /files") + refused + size);
    EXPECT_EQ(response.status, 401) << refused;
    EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
  }
  EXPECT_EQ(tus("POST /files" + size).status, 400) << "no credential";
  EXPECT_EQ(tus("POST /files\nAuthorization: Basic api-key" + size).status, 400);
  EXPECT_EQ(engine.created.size(), count);
}

TEST_F(TusAccessTest, TheLocationNeedsNoCredential) {
  const std::string path = path_in(tus("POST /files\nX-Api-Key: api-key\nUpload-Length: 3"));
  EXPECT_EQ(told(tus("HEAD " + path)), "200 0");
  EXPECT_EQ(told(patch(path, 0, "abc")), "204 3");
}

TEST_F(TusAccessTest, WhatIsSignedIsKeptApart) {
  const std::string metadata =
      described({{"filename", "a.mp4"}, {"profiles", "all"}, {"cloud_id", "other"}});
  EXPECT_EQ(tus(signed_post({{"payload", "1"}}) + metadata).status, 201);
  const upload::NewUpload& upload = engine.created.at(0);
  EXPECT_EQ(upload.owner, "ann");
  EXPECT_EQ(upload.file_name, "a.mp4");
  EXPECT_EQ(upload.parameters,
            R"({"access_key":"key","payload":"1","timestamp":"2019-12-20T00:00:00Z",)"
            R"("metadata":{"filename":"a.mp4","profiles":"all"}})");
  EXPECT_EQ(tus(signed_post({{"payload", "1"}}) + metadata).status, 401) << "it serves once";
}

TEST_F(TusAccessTest, ABearerForTheApplicationDoesNotCount) {
  EXPECT_EQ(tus(signed_post({}) + "\nAuthorization: Bearer of.another.kind").status, 201);
  EXPECT_EQ(tus("POST /files?token=clou_ann\nAuthorization: Bearer x\nUpload-Length: 9").status,
            201);
}

}  // namespace
}  // namespace sluice::protocol::tus
