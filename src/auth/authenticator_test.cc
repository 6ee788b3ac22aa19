// SPDX-License-Identifier: MIT
#include "auth/authenticator.h"

#include <gtest/gtest.h>

#include "auth/mac.h"
#include "auth/signature.h"
#include "auth/timestamp.h"
#include "base/limits.h"
#include "support/manual_clock.h"

namespace sluice::auth {
namespace {

using namespace std::chrono_literals;
using Fields = std::vector<http::FormField>;

constexpr const char* timestamp = "2019-12-20T00:00:00Z";  // Where ManualClock begins.

class AuthenticatorTest : public ::testing::Test {
 protected:
  static std::vector<Credential> credentials() {
    Credential ann;
    ann.owner = "ann";
    ann.access_key = "key";
    ann.secret_key = "secret";
    ann.cloud_ids = {"cloud", "other cloud"};
    Credential bob;
    bob.owner = "bob";
    bob.api_key = "api key";
    bob.token = "clou_bob";
    bob.cloud_ids = {"factory"};
    return {ann, bob};
  }

  static Presented request(const std::string& method, Fields fields) {
    Presented presented;
    presented.method = method;
    presented.path = "/videos.json";
    presented.host = "api.example.com:8080";
    presented.query = std::move(fields);
    return presented;
  }

  static Fields keys(Fields more = {}) {
    more.insert(more.end(),
                {{"access_key", "key"}, {"cloud_id", "cloud"}, {"timestamp", timestamp}});
    return more;
  }

  static std::string signature_of(const Presented& presented, const std::string& host,
                                  const std::string& secret = "secret") {
    Fields fields = presented.query;
    fields.insert(fields.end(), presented.form.begin(), presented.form.end());
    return sign(secret, string_to_sign(presented.method, host, presented.path,
                                       *canonical_query(fields, Dialect::documented)));
  }

  static Presented signed_request(const std::string& method, Fields more = {}) {
    Presented presented = request(method, keys(std::move(more)));
    presented.query.push_back({"signature", signature_of(presented, "api.example.com")});
    return presented;
  }

  Result<Grant> judge(const Presented& presented, Window window = Window::usual) {
    return authenticator.judge(presented, window, clock.now());
  }

  std::string refusal(const Presented& presented) {
    const Result<Grant> grant = judge(presented);
    return grant ? "granted"
                 : std::to_string(info(grant.error().code()).http_status) + " " +
                       grant.error().message();
  }

  testing::ManualClock clock;
  Keyring keyring{credentials(), true};
  Authenticator authenticator{keyring, clock, {}};
};

TEST_F(AuthenticatorTest, TheClockBeginsWhereTheTimestampIs) {
  EXPECT_EQ(parse_timestamp(timestamp), clock.now());
}

TEST_F(AuthenticatorTest, ASignatureNamesTheOwner) {
  const Result<Grant> grant = judge(signed_request("GET", {{"status", "success"}}));
  ASSERT_TRUE(grant) << grant.error().message();
  EXPECT_EQ(grant->owner(), "ann");
  EXPECT_FALSE(grant->use) << "a GET may be repeated";
}

TEST_F(AuthenticatorTest, ParametersMayComeInQueryFormOrBoth) {
  Presented presented = request("POST", keys({{"file_size", "1"}}));
  presented.form = {{"file_name", "a b"}};
  presented.form.push_back({"signature", signature_of(presented, "api.example.com")});
  EXPECT_TRUE(judge(presented));
  Presented twice = signed_request("POST", {{"file_name", "a b"}});
  twice.form = twice.query;
  EXPECT_TRUE(judge(twice));
}

TEST_F(AuthenticatorTest, TheFieldHostNamesTheServerWithItsPortAndWithout) {
  for (const char* host : {"api.example.com", "api.example.com:8080"}) {
    Presented presented = request("GET", keys());
    presented.query.push_back({"signature", signature_of(presented, host)});
    EXPECT_TRUE(judge(presented)) << host;
  }
  Presented presented = request("GET", keys());
  presented.query.push_back({"signature", signature_of(presented, "other.example.com")});
  EXPECT_EQ(refusal(presented), "401 Signatures do not match");
  presented = request("GET", keys());
  presented.host = "[::1]:80";
  presented.query.push_back({"signature", signature_of(presented, "[::1]")});
  EXPECT_TRUE(judge(presented));
}

TEST_F(AuthenticatorTest, WhereTheOperatorNamesTheServerTheFieldHostDoesNot) {
  const Authenticator named{keyring, clock, {.hosts = {"upload.example.com", "panda"}}};
  const auto is_granted = [&](const std::string& signed_host, const std::string& sent_host) {
    Presented presented = request("GET", keys());
    presented.host = sent_host;
    presented.query.push_back({"signature", signature_of(presented, signed_host)});
    return named.judge(presented, Window::usual, clock.now()).has_value();
  };
  EXPECT_TRUE(is_granted("upload.example.com", "10.0.0.1:80"));
  EXPECT_TRUE(is_granted("panda", "upload.example.com"));
  EXPECT_FALSE(is_granted("api.example.com", "api.example.com"));
  EXPECT_FALSE(is_granted("other.example.com", "other.example.com:8080"));
}

TEST_F(AuthenticatorTest, WhatIsMissingIsNamed) {
  const std::string text = "400 All required parameters were not supplied: ";
  EXPECT_EQ(refusal(request("GET", {})), text + "access_key, signature, timestamp");
  EXPECT_EQ(refusal(request("GET", keys())), text + "signature");
  EXPECT_EQ(refusal(request("GET", {{"access_key", "key"}, {"signature", ""}})),
            text + "signature, timestamp");
  EXPECT_EQ(refusal(request("GET", {{"token", ""}})), text + "access_key, signature, timestamp");
}

TEST_F(AuthenticatorTest, WrongSignaturesAndUnknownKeysLookAlike) {
  Presented presented = signed_request("GET");
  presented.query.push_back({"page", "2"});
  EXPECT_EQ(refusal(presented), "401 Signatures do not match");
  presented = request("GET", {{"access_key", "unknown"}, {"timestamp", timestamp}});
  presented.query.push_back({"signature", signature_of(presented, "api.example.com", "unknown")});
  EXPECT_EQ(refusal(presented), "401 Signatures do not match");
}

TEST_F(AuthenticatorTest, ASignatureAgesBothWays) {
  const Presented presented = signed_request("GET");
  const Presented post = signed_request("POST");
  clock.advance(5min);
  EXPECT_TRUE(judge(presented));
  clock.advance(1ms);
  EXPECT_EQ(refusal(presented), "401 Signatures expired");
  EXPECT_TRUE(judge(post, Window::file));
  clock.advance(25min);
  EXPECT_FALSE(judge(post, Window::file));
  clock.advance(-35min - 1ms);
  EXPECT_TRUE(judge(presented));
  clock.advance(-1ms);
  EXPECT_EQ(refusal(presented), "401 Signatures expired");
}

TEST_F(AuthenticatorTest, AFileMayTakeLongerThanItsSignatureLives) {
  const Presented post = signed_request("POST");
  const Timestamp began = clock.now();
  clock.advance(limits::form_upload_time_max);
  EXPECT_TRUE(authenticator.judge(post, Window::file, began));
  EXPECT_FALSE(authenticator.judge(post, Window::usual, began));
  clock.advance(1ms);
  EXPECT_FALSE(authenticator.judge(post, Window::file, began));
}

TEST_F(AuthenticatorTest, AUsedSignatureIsRememberedAsLongAsItCouldServe) {
  const Presented post = signed_request("POST");
  const Result<Grant> usual = judge(post);
  ASSERT_TRUE(usual && usual->use);
  EXPECT_EQ(usual->use->expires_at, clock.now() + 5min);
  EXPECT_EQ(usual->use->digest.size(), 64U);
  const Result<Grant> file = judge(post, Window::file);
  ASSERT_TRUE(file && file->use);
  EXPECT_EQ(file->use->digest, usual->use->digest);
  EXPECT_EQ(file->use->expires_at, clock.now() + 30min + limits::form_upload_time_max);
}

TEST_F(AuthenticatorTest, VersionTwoSignsTheQueryAndTheDigestOfTheBody) {
  const std::string body = R"({"file_name":"a","file_size":"1"})";
  Presented presented =
      request("POST", keys({{"signature_version", "2"}, {"checksum", sha256_hex(body)}}));
  presented.query.push_back({"signature", signature_of(presented, "api.example.com")});
  presented.body_checksum = sha256_hex(body);
  EXPECT_TRUE(judge(presented));
  presented.body_checksum = sha256_hex(body + " ");
  EXPECT_EQ(refusal(presented),
            "401 Signatures do not match: checksum is not the SHA-256 of the body");
  presented.body_checksum = "";
  EXPECT_EQ(refusal(presented).substr(0, 3), "400");
  Presented without = request("POST", keys({{"signature_version", "2"}}));
  without.query.push_back({"signature", signature_of(without, "api.example.com")});
  without.body_checksum = sha256_hex("");
  EXPECT_EQ(refusal(without), "400 All required parameters were not supplied: checksum");
  EXPECT_EQ(refusal(signed_request("POST", {{"signature_version", "3"}})),
            "400 signature_version: expected 1 or 2, got \"3\"");
}

TEST_F(AuthenticatorTest, TimestampsHaveToBeTimes) {
  Presented presented = request("GET", {{"access_key", "key"}, {"timestamp", "now"}});
  presented.query.push_back({"signature", signature_of(presented, "api.example.com")});
  EXPECT_EQ(refusal(presented),
            "400 timestamp: expected a time like 2011-03-01T15:39:10Z, got \"now\"");
}

TEST_F(AuthenticatorTest, TokensAndApiKeysNameTheOwnerToo) {
  const Result<Grant> token = judge(request("POST", {{"token", "clou_bob"}}));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->owner(), "bob");
  EXPECT_FALSE(token->use);
  Presented presented = request("POST", {{"factory_id", "factory"}});
  presented.api_key = "api key";
  EXPECT_TRUE(judge(presented));
  presented.api_key = "api keys";
  EXPECT_EQ(refusal(presented), "401 X-Api-Key: this key is not known");
  EXPECT_EQ(refusal(request("GET", {{"token", "clou_"}})), "401 token: this token is not known");
}

TEST_F(AuthenticatorTest, ACredentialIsForItsClouds) {
  const Result<Grant> grant = judge(request("GET", {{"token", "clou_bob"}}));
  ASSERT_TRUE(grant);
  EXPECT_TRUE(grant->allows_cloud("factory"));
  EXPECT_FALSE(grant->allows_cloud("cloud"));
  EXPECT_TRUE(Grant{}.allows_cloud("cloud"));
}

TEST_F(AuthenticatorTest, OnlySignaturesOfVersionOneLeaveJsonOut) {
  EXPECT_FALSE(judge(signed_request("POST"))->covers_json);
  EXPECT_TRUE(judge(request("POST", {{"token", "clou_bob"}}))->covers_json);
}

TEST_F(AuthenticatorTest, CheapQuestionsComeFirst) {
  // In the order of the checks: each request also has the faults that later checks refuse.
  Fields fields = keys({{"payload", std::string(limits::signed_bytes_max, 'x')}});
  fields.push_back({"signature", "guess"});
  clock.advance(5min + 1ms);
  EXPECT_EQ(refusal(request("POST", fields)), "401 Signatures expired");
  clock.advance(-5min);
  EXPECT_EQ(refusal(request("POST", fields)),
            "413 expected at most 32768 bytes of signed parameters");
  std::erase_if(fields, [](const http::FormField& field) { return field.name == "payload"; });
  EXPECT_EQ(refusal(request("POST", fields)), "401 Signatures do not match");
  for (http::FormField& field : fields) {
    field.value = field.name == "access_key" ? "unknown" : field.value;
  }
  fields.push_back({"payload", std::string(limits::signed_bytes_max, 'x')});
  EXPECT_EQ(refusal(request("POST", fields)).substr(0, 3), "413") << "as if the key were known";
}

TEST_F(AuthenticatorTest, ARevokedCredentialOpensNothing) {
  keyring.replace({});
  EXPECT_EQ(refusal(signed_request("GET")), "401 Signatures do not match");
  EXPECT_FALSE(judge(request("GET", {})));
}

TEST_F(AuthenticatorTest, WithoutCredentialsEverythingIsNobodys) {
  const Keyring none({}, false);
  const Authenticator open(none, clock, {});
  const Result<Grant> grant = open.judge(request("POST", {}), Window::usual, clock.now());
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->owner(), "");
}

}  // namespace
}  // namespace sluice::auth
