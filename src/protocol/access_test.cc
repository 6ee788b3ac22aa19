// SPDX-License-Identifier: MIT
#include "protocol/access.h"

#include "auth/mac.h"
#include "auth/signature.h"
#include "support/protocol_fakes.h"

namespace sluice::protocol {
namespace {

using testing::RouterFixture;

constexpr const char* json_type = "\nContent-Type: application/json";
constexpr const char* form_type = "\nContent-Type: application/x-www-form-urlencoded";

class AccessTest : public RouterFixture {
 protected:
  AccessTest() {
    authenticator = &guarded_;
    settings.page_sessions = true;
  }

  // POST to a path with a query that ann has signed as the API's documentation says.
  static std::string signed_post(const std::string& path, std::vector<http::FormField> fields) {
    fields.insert(fields.end(), {{"access_key", "key"}, {"timestamp", "2019-12-20T00:00:00Z"}});
    const std::string query = *auth::canonical_query(fields, auth::Dialect::documented);
    std::string signature =
        auth::sign("secret", auth::string_to_sign("POST", "up.example", path, query));
    for (std::size_t at = 0; (at = signature.find('+', at)) != std::string::npos;) {
      signature.replace(at, 1, "%2B");
    }
    return "POST " + path + "?" + query + "&signature=" + signature;
  }
  static std::string session(std::vector<http::FormField> fields) {
    return signed_post("/videos/upload.json", std::move(fields));
  }
  static std::string session_of_version_2(const std::string& body) {
    return session({{"signature_version", "2"}, {"checksum", auth::sha256_hex(body)}});
  }
  std::string kept() { return engine.created.at(0).parameters; }
  std::string refusal(const std::string& head, const std::string& body) {
    const http::Response response = send(head, body);
    EXPECT_TRUE(engine.created.empty());
    return std::to_string(response.status) + " " + field(response, "message");
  }

 private:
  static std::vector<auth::Credential> credentials() {
    auth::Credential ann;
    ann.owner = "ann";
    ann.access_key = "key";
    ann.secret_key = "secret";
    ann.api_key = "api key";
    ann.token = "clou_ann";
    ann.cloud_ids = {"cloud"};
    return {ann};
  }

  auth::Keyring keys_{credentials(), true};
  auth::Authenticator guarded_{keys_, clock, {}};
};

TEST_F(AccessTest, CloudsAreJudgedWhereverTheyStand) {
  const std::string wrong = "401 cloud_id: these credentials are not for \"other\"";
  const std::string json = R"({"file_name":"a","file_size":1,"cloud_id":"other"})";
  const std::string form = "file_name=a&file_size=1&cloud_id=other";
  const std::string by_token = "POST /videos/upload.json?token=clou_ann";
  EXPECT_EQ(refusal(by_token + json_type, json), wrong);
  EXPECT_EQ(refusal(by_token + form_type, form), wrong);
  EXPECT_EQ(refusal(by_token + "&cloud_id=other&file_name=a&file_size=1", ""), wrong);
  EXPECT_EQ(refusal(std::string("POST /videos/upload.json\nX-Api-Key: api key") + json_type, json),
            wrong);
  EXPECT_EQ(refusal(session_of_version_2(json) + json_type, json), wrong);
  EXPECT_EQ(refusal(session_of_version_2(form) + form_type, form), wrong);
  EXPECT_EQ(refusal(session({{"cloud_id", "other"}, {"file_name", "a"}, {"file_size", "1"}}), ""),
            wrong);
  const std::string number = R"({"file_name":"a","file_size":1,"factory_id":[7]})";
  EXPECT_EQ(refusal(by_token + json_type, number),
            "401 factory_id: these credentials are not for \"[7]\"");
  EXPECT_EQ(send("GET /videos.json?token=clou_ann&cloud_id=other").status, 401);
  EXPECT_EQ(send("GET /videos.json?token=clou_ann&cloud_id=cloud").status, 200);
}

TEST_F(AccessTest, CloudsInThePayloadOfAPageAreJudgedToo) {
  const std::string head = std::string(
                               "POST /panda/authorize_upload?token=clou_ann\nX-Requested-With: "
                               "XMLHttpRequest") +
                           form_type;
  EXPECT_EQ(refusal(head, R"(payload={"filename":"a","filesize":1,"cloud_id":"other"})"),
            "401 cloud_id: these credentials are not for \"other\"");
  EXPECT_EQ(send(head, R"(payload={"filename":"a","filesize":1,"cloud_id":"cloud"})").status, 200);
}

TEST_F(AccessTest, JsonBesideASignatureOfVersionOneAddsNothing) {
  const std::string head =
      session({{"file_name", "a"}, {"file_size", "1"}, {"payload", "p"}}) + json_type;
  EXPECT_EQ(
      send(head, R"({"file_size":1,"multi_chunk":true,"path_format":":id","cloud_id":"other",)"
                 R"("extra_files":[{"tag":"t","file_name":"t","file_size":1}]})")
          .status,
      201);
  EXPECT_EQ(kept(), R"({"access_key":"key","payload":"p","timestamp":"2019-12-20T00:00:00Z"})");
  EXPECT_FALSE(engine.created.at(0).layout);
  EXPECT_EQ(error_of(send(head, R"({"payload":"q"})")), "400 BadRequest");
  EXPECT_EQ(error_of(send(session({{"file_name", "a"}}) + json_type, R"({"file_size":1})")),
            "400 BadRequest");
}

TEST_F(AccessTest, WhatTheCredentialCoversIsKept) {
  const std::string json =
      R"({"file_name":"a","file_size":1,"payload":{"n":1},"cloud_id":"cloud"})";
  EXPECT_EQ(send("POST /videos/upload.json?token=clou_ann" + std::string(json_type), json).status,
            201);
  EXPECT_EQ(kept(), R"({"payload":{"n":1},"cloud_id":"cloud"})");
  engine.created.clear();
  EXPECT_EQ(send(session_of_version_2(json) + json_type, json).status, 201);
  EXPECT_NE(kept().find(R"("payload":{"n":1},"cloud_id":"cloud")"), std::string::npos) << kept();
}

}  // namespace
}  // namespace sluice::protocol
