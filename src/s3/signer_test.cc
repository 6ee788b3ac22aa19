// SPDX-License-Identifier: MIT
// The vectors of the aws-sig-v4-test-suite that S3 has too, and the examples of the S3 API
// Reference.
#include "s3/signer.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/encoding.h"

namespace sluice::s3 {
namespace {

using std::chrono::seconds;

constexpr Timestamp suite_time(seconds(1'440'938'160));  // 2015-08-30T12:36:00Z
constexpr Timestamp docs_time(seconds(1'369'353'600));   // 2013-05-24T00:00:00Z
constexpr const char* unreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

SigningKey suite_key() {
  return {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", "us-east-1", "service"};
}
SigningKey docs_key() {
  return {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", "us-east-1"};
}

SignedParts docs_parts(const char* method, const char* path, const Query& query = {}) {
  return {method, "examplebucket.s3.amazonaws.com", encode_path(path), encode_query(query), {}};
}

std::string signature_of(const SignedParts& parts) {
  const std::string value(outgoing::find_header(parts.headers, "Authorization").value_or(""));
  return value.substr(value.find("Signature=") + 10);
}

TEST(Signer, MakesTheSignaturesOfTheTestSuite) {
  const struct {
    const char* name;
    const char* method;
    std::string path;
    Query query;
    outgoing::HeaderFields headers;
    const char* body;
    const char* names;
    const char* signature;
  } rows[] = {
      {"get-vanilla",
       "GET",
       "/",
       {},
       {},
       "",
       "host;x-amz-date",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/",
       {{"Param2", "value2"}, {"Param1", "value1"}},
       {},
       "",
       "host;x-amz-date",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-value",
       "GET",
       "/",
       {{"Param1", "value2"}, {"Param1", "value1"}},
       {},
       "",
       "host;x-amz-date",
       "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/",
       {{unreserved, unreserved}},
       {},
       "",
       "host;x-amz-date",
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query",
       "GET",
       "/",
       {{"\xE1\x88\xB4", "bar"}},
       {},
       "",
       "host;x-amz-date",
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-utf8",
       "GET",
       "/\xE1\x88\xB4",
       {},
       {},
       "",
       "host;x-amz-date",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-space",
       "GET",
       "/example space/",
       {},
       {},
       "",
       "host;x-amz-date",
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"get-unreserved",
       "GET",
       std::string("/") + unreserved,
       {},
       {},
       "",
       "host;x-amz-date",
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-header-value-trim",
       "GET",
       "/",
       {},
       {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
       "",
       "host;my-header1;my-header2;x-amz-date",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-vanilla",
       "POST",
       "/",
       {},
       {},
       "",
       "host;x-amz-date",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-key-sort",
       "POST",
       "/",
       {},
       {{"My-Header1", "value1"}},
       "",
       "host;my-header1;x-amz-date",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       {},
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "content-type;host;x-amz-date",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
  for (const auto& row : rows) {
    SignedParts parts{row.method, "example.amazonaws.com", encode_path(row.path),
                      encode_query(row.query), row.headers};
    parts.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
    EXPECT_EQ(authorization(parts, to_hex(sha256(row.body)), suite_key(), suite_time),
              std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
                          "aws4_request, SignedHeaders=") +
                  row.names + ", Signature=" + row.signature)
        << row.name;
  }
}

TEST(Signer, MakesTheSignaturesOfTheDocumentation) {
  const struct {
    SignedParts parts;
    outgoing::HeaderFields headers;
    const char* body;
    const char* signature;
  } rows[] = {
      {docs_parts("GET", "/test.txt"),
       {{"Range", "bytes=0-9"}},
       "",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {docs_parts("PUT", "/test$file.text"),
       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
       "Welcome to Amazon S3.",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {docs_parts("GET", "/", {{"lifecycle", ""}}),
       {},
       "",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {docs_parts("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}),
       {},
       "",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const auto& row : rows) {
    SignedParts parts = row.parts;
    parts.headers = row.headers;
    sign(parts, to_hex(sha256(row.body)), docs_key(), docs_time);
    EXPECT_EQ(signature_of(parts), row.signature) << parts.path;
    EXPECT_EQ(outgoing::find_header(parts.headers, "x-amz-date"), "20130524T000000Z");
    EXPECT_EQ(outgoing::find_header(parts.headers, "x-amz-content-sha256"),
              to_hex(sha256(row.body)));
  }
}

// Expected from botocore, which normalises no path of S3 either.
TEST(Signer, EncodesEveryKeyOnce) {
  const struct {
    const char* key;
    const char* path;
    const char* signature;
  } rows[] = {
      {"a b", "a%20b", "32a4a67d563ee354cb9398dce3a41dde4e8cec7714152efc14dc60e22cc715a1"},
      {"a+b", "a%2Bb", "54a89b3ce18ec2f6dbb650e428338fd39cc6ad3e30e5cc72e2976df5a2af82c9"},
      {"a~b", "a~b", "f82f3cd78f3795961b865b9741ab2bcceff7b76ca403ff21203547df4281edd0"},
      {"a//b", "a//b", "60a00713c5582b41370c53375da285eee3fc2b3a1e57e33631c85e709b8e8893"},
      {"a/./b", "a/./b", "acbf2936bd0be34259745ad4a61b46798675ce0517f0e713c288665e9a3af003"},
      {"a/../b", "a/../b", "a736fd07d0ddbf6eb1d557b1a43524c11d22d4d9aa0a09197aaea1328e5f3950"},
      {"\xC3\xA9/\xC3\xBC", "%C3%A9/%C3%BC",
       "992da9f5bd67bd8ae85ff9130b49c4bef984112eeea8732afed17ef17ba23623"},
      {"%41", "%2541", "ebeadcba4e5cf45362b9f1dbab26248cd992fff2e42d07e3c6a98c7a25fd6d6e"},
      {"it's(1)!*", "it%27s%281%29%21%2A",
       "1386038d182e3571dcb2a2caf041ec7c2c31ceeb20ad11f13fc4854379e4a7e0"},
      {"a&b=c", "a%26b%3Dc", "ac07bd96340098d4229c5cd9491e14333912dd8be33bec67bad836f1d9e2f9b3"},
      {"a?b#c", "a%3Fb%23c", "dba26cc74a24196071ccd9b6bbc4ec5f803d47e4e50761e1362fd63d02a26eec"},
      {"a:b@c", "a%3Ab%40c", "1c8c315aef7b83817ce69cc56067a98e754f6a571d96e7f91ce8d9fbf9480c68"},
      {"ends/", "ends/", "ab2dc017fa77781716cae036fc5c39b12b06a653f56b6c4b0962ffa66330734f"},
  };
  for (const auto& row : rows) {
    const std::string path = std::string("/bucket/") + row.key;
    EXPECT_EQ(encode_path(path), std::string("/bucket/") + row.path);
    SignedParts parts =
        docs_parts("PUT", path.c_str(), {{"uploadId", "2~a+b/c="}, {"partNumber", "1"}});
    sign(parts, to_hex(sha256("")), docs_key(), docs_time);
    EXPECT_EQ(signature_of(parts), row.signature) << row.key;
  }
}

TEST(Signer, SortsByNamesBeforeValues) {
  EXPECT_EQ(encode_query({{"a", "2"}, {"a-b", "1"}, {"a", "1"}, {"B", ""}}), "B=&a=1&a=2&a-b=1");
  EXPECT_EQ(encode_query({}), "");
}

TEST(Signer, SignsTheTokenOfTemporaryCredentials) {
  SigningKey key = docs_key();
  key.session_token = "token";
  SignedParts parts = docs_parts("GET", "/test.txt");
  sign(parts, to_hex(sha256("")), key, docs_time);
  EXPECT_EQ(outgoing::find_header(parts.headers, "x-amz-security-token"), "token");
  EXPECT_TRUE(outgoing::find_header(parts.headers, "Authorization")
                  ->contains("host;x-amz-content-sha256;x-amz-date;x-amz-security-token"));
}

// The first is the documentation's, the others are expected from botocore.
TEST(Signer, PresignsUrls) {
  SigningKey temporary = docs_key();
  temporary.session_token = "tok/en+=";
  const struct {
    const char* path;
    int valid_seconds;
    SigningKey key;
    const char* signature;
  } rows[] = {
      {"/test.txt", 86'400, docs_key(),
       "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"},
      {"/b \xC3\xBC+~/x.y", 600, docs_key(),
       "ebbe681d46fd2b875283cabc87eea62f7f4f17b232aa804d4379a1c51a4b80ac"},
      {"/test.txt", 600, temporary,
       "8d9950e92f2240e647acc8f3323721f385f577d18c8a5eac6e1aaf8740d6f60d"},
  };
  for (const auto& row : rows) {
    const std::string query = presigned_query(docs_parts("GET", row.path),
                                              seconds(row.valid_seconds), row.key, docs_time);
    EXPECT_TRUE(query.starts_with(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=" +
        std::to_string(row.valid_seconds) + "&X-Amz-"))
        << query;
    EXPECT_TRUE(query.ends_with(std::string("&X-Amz-Signature=") + row.signature)) << query;
  }
}

}  // namespace
}  // namespace sluice::s3
