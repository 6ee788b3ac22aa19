// SPDX-License-Identifier: MIT
#include "auth/signature.h"

#include <gtest/gtest.h>

#include "auth/mac.h"

namespace sluice::auth {
namespace {

using Fields = std::vector<http::FormField>;

struct Vector {
  const char* source;
  const char* method;
  const char* host;
  const char* path;
  const char* secret;
  Fields fields;
  const char* signature;
};

Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Fields credentials(const char* access_key, const char* cloud_key, const char* cloud,
                   const char* signed_at) {
  return {{"timestamp", signed_at}, {cloud_key, cloud}, {"access_key", access_key}};
}

const Fields documentation =
    credentials("abcdefgh", "cloud_id", "123456789", "2011-03-01T15:39:10.260762Z");
const Fields python =
    credentials("my_access_key", "cloud_id", "my_cloud_id", "2009-11-04T17:54:11+00:00");
const Fields python_2014 =
    credentials("my_access_key", "cloud_id", "my_cloud_id", "2014-12-22T17:54:11+00:00");
const Fields ruby =
    credentials("my_access_key", "cloud_id", "my_cloud_id", "2010-01-12T01:00:00.000000Z");
const Fields node = credentials("abcdefgh", "cloud_id", "123456789", "2011-09-26T13:35:57.000Z");
const Fields telestream =
    credentials("my_access_key", "factory_id", "my_cloud_id", "2009-11-04T17:54:11+00:00");
const Fields php = credentials("9c264aba-8d97-df11-b01b-12313c0091c1", "cloud_id",
                               "5385adf38f3e39de1ddcf4c1b81ad056", "2010-07-16T06:27:54+00:00");
const Fields one_two{{"param2", "two"}, {"param1", "one"}};
const Fields symbols{{"tilde", "~"}, {"space", " "}};

// panda-clients 5.6, in its order.
const std::vector<Vector> vectors{
    {"documentation", "GET", "api.pandastream.com", "/videos.json", "ijklmnop", documentation,
     "kVnZs/NX13ldKPdhFYoVnoclr8075DwiZF0TGgIbMsc="},
    {"python", "POST", "myapihost", "/videos.json", "my_secret_key", python,
     "TI2n/dsSllxFhxcEShRGKWtDSqxu+kuJUPs335NavMo="},
    {"python", "POST", "myapihost", "/videos.json", "my_secret_key", with(python, one_two),
     "w66goW6Ve5CT9Ibbx3ryvq4XM8OfIfSZe5oapgZBaUs="},
    {"python", "POST", "myapihost", "/videos.json", "my_secret_key",
     with(python, {{"1", "one"}, {"param2", "2"}}), "n/tGZ9Pt70k+pprejGf8Khzxw9R1cAfrklh8lcjn+W0="},
    {"python", "POST", "myapihost", "/videos.json", "my_secret_key",
     with(python, with(symbols, {{"slash", "/"}})), "DHf9ERJmKQbcu8MCLP1Evv3BV2yIQo15MoTe9YV/rs8="},
    {"python", "POST", "myapihost", "/videos/upload.json", "my_secret_key",
     with(python_2014, {{"file_name", "original\xE2\x99\xA5.mp4"}}),
     "NBK3+4HtaolBLi0I1Ai9MEXQvCG+T96E7PEIKf4CMwM="},
    {"ruby", "GET", "myapihost", "/videos", "my_secret_key", ruby,
     "kAiCpkP52a2XKISJjRCBWzWCN5CaeLK3Nj1AT25S/Go="},
    {"ruby", "POST", "myapihost", "/videos.json", "my_secret_key", ruby,
     "QpQQm0guSLSEXmQ+EP2qnKT0av5llLWBUylEk9NEStU="},
    {"ruby", "POST", "myapihost", "/videos.json", "my_secret_key", with(ruby, one_two),
     "/Yu4CqImbYNXWwpNSIfHzdWeMsR5J7O6tfbSHXQO0aA="},
    {"ruby", "POST", "myapihost", "/videos.json", "my_secret_key", with(ruby, symbols),
     "v7++pgmzztwOWzZ+MoflgD1TT8Jxnqzl1v8gNnEbhX8="},
    {"php",
     "GET",
     "api.pandastream.com",
     "/videos.json",
     "s3cr3t",
     {},
     "RZml1S8BcxSTCaTSQVnXj/7QA0vM4M6FqRIUuntTYjk="},
    {"php", "POST", "api-eu.pandastream.com", "/videos.json", "s3cre3t",
     with(php, {{"upload_redirect_url",
                 "http://localhost:44444/panda/simplest/player.php?panda_video_id=$id"}}),
     "cjwZnRNeKzTS3yS3z4OSWXOW7PovPEk75ZYFmVzd4N8="},
    {"node", "GET", "api.pandastream.com", "/profiles.json", "ijklmnop", node,
     "sKnL9pjj5YB/MM+5Oh0cQIV+/yuNWJJirVYd9D7yssk="},
    {"node", "GET", "api-eu.pandastream.com", "/profiles.json", "ijklmnop", node,
     "dO5aLQTo4uHjOF70CymKia25Cc8/z/yF910BloMdlaY="},
    {"node", "POST", "api.pandastream.com", "/profiles.json", "ijklmnop",
     with(node, {{"preset_name", "h264"}}), "V44Eet5227ISDFw1cVjULlFA09MO0MQErLqvG7B2K6g="},
    {"node", "PUT", "api.pandastream.com", "/profiles.json", "ijklmnop",
     with(node, {{"width", "800"}}), "1v4g1UOkOtAD3sFiLClym3rI1LpZ80Xh50X3C4FXiKM="},
    {"dotnet",
     "GET",
     "api.pandastream.com",
     "videos.json",
     "some_secret_key",
     {{"some_parameter", "some_value"}, {"another_parameter", "another_value"}},
     "z4gJjCHfeJtPjhFKcepIvmfYSyRQPTPbkTGpRoo0UWU="},
    {"go", "GET", "api.cloud.telestream.net", "/videos.json", "ijklmnop",
     credentials("abcdefgh", "factory_id", "123456789", "2011-03-01T15:39:10.260762Z"),
     "WH0ogZNRhxwvdxg2ptRGcgPi9UAgJw05IA6F/PlbFbU="},
    {"telestream python", "GET", "myapihost", "/factories.json", "my_secret_key",
     credentials("my_access_key", "factory_id", "my_cloud_id", "2015-12-30T20:21:00+00:00"),
     "6tgl7r/9knHL5AhXqN3p3KXX74ofMrr7tBy6A7LL79s="},
    {"telestream python", "POST", "myapihost", "/videos.json", "my_secret_key", telestream,
     "NoqEko/YOPhSfxvltZNd6AbStBvnMwptaEsFUmfXWPw="},
    {"telestream python", "POST", "myapihost", "/videos.json", "my_secret_key",
     with(telestream, one_two), "0xryIngb+aZNfTcwl/91lU6nAKouyvUq+fZJ84+KXbo="},
    {"telestream python", "POST", "myapihost", "/videos.json", "my_secret_key",
     with(telestream, with(symbols, {{"slash", "/"}})),
     "/pahnvDahQqhfg8WcW7fu7SUGowWsQ7+kzq9vQ0/yvY="},
    {"telestream python", "POST", "myapihost", "/videos.json", "my_secret_key",
     with(telestream, {{"param2", "2"}}), "U955cX1+IK76eY8gvy4OEf+aDXeMPW8/SWA7PmoOvOs="},
    {"telestream python", "POST", "myapihost", "/videos/upload.json", "my_secret_key",
     with(credentials("my_access_key", "factory_id", "my_cloud_id", "2014-12-22T17:54:11+00:00"),
          {{"file_name", "original\xE2\x99\xA5.mp4"}}),
     "3UFfzALe0OEMNGi7S8O/ZiNp4+vMVE8Kaw1Ab31ZvqE="},
};

SignedRequest request_of(const Vector& vector) {
  return {vector.method, {vector.host}, vector.path, vector.fields};
}

TEST(Signature, MatchesEveryVectorOfTheClients) {
  ASSERT_EQ(vectors.size(), 24U);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const Vector& vector = vectors[i];
    SCOPED_TRACE(std::to_string(i + 1) + " " + vector.source);
    const auto query = canonical_query(vector.fields, Dialect::documented);
    EXPECT_EQ(sign(vector.secret, string_to_sign(vector.method, vector.host, vector.path, *query)),
              vector.signature);
    EXPECT_TRUE(verify(request_of(vector), vector.secret, vector.signature));
  }
}

TEST(Signature, CoversEveryPartOfEveryVector) {
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.signature);
    const SignedRequest sound = request_of(vector);
    EXPECT_FALSE(verify(sound, std::string(vector.secret) + "x", vector.signature));
    SignedRequest other = sound;
    other.method = "PATCH";
    EXPECT_FALSE(verify(other, vector.secret, vector.signature));
    other = sound;
    other.hosts = {"example.com"};
    EXPECT_FALSE(verify(other, vector.secret, vector.signature));
    other = sound;
    other.path += "x";
    EXPECT_FALSE(verify(other, vector.secret, vector.signature));
    other = sound;
    other.fields.push_back({"added", ""});
    EXPECT_FALSE(verify(other, vector.secret, vector.signature));
    for (std::size_t i = 0; i < sound.fields.size(); ++i) {
      other = sound;
      other.fields[i].value += "x";
      EXPECT_FALSE(verify(other, vector.secret, vector.signature));
      other = sound;
      other.fields.erase(other.fields.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(verify(other, vector.secret, vector.signature));
    }
  }
}

TEST(Signature, DoesNotCoverItselfNorTheFile) {
  const Vector& vector = vectors[2];
  SignedRequest request = request_of(vector);
  request.fields.push_back({"signature", vector.signature});
  request.fields.push_back({"file", "@/home/user/film.mp4"});
  EXPECT_TRUE(verify(request, vector.secret, vector.signature));
}

TEST(Signature, OfVersionTwoCoversTheBodyByItsChecksum) {
  const std::string body =
      R"({"extra_files":null,"file_name":"f.mp4","file_size":"10","multi_chunk":"true",)"
      R"("profiles":["h264"]})";
  const std::string checksum = sha256_hex(body);
  EXPECT_EQ(checksum, "15cf31bb274b3d68753d5aeaaab20dfacf45a8b3fc7b9bb730dd3b70314ad808");
  const SignedRequest request{
      "POST",
      {"api.cloud.telestream.net"},
      "/videos/upload.json",
      with(documentation, {{"signature_version", "2"}, {"checksum", checksum}})};
  EXPECT_TRUE(verify(request, "ijklmnop", "qq4b4p7XWje5/Z6VxsnvQYIHq1RlslLfLbubh3g/MAg="));
}

TEST(Signature, IsThatOfAnyNameOfTheServer) {
  SignedRequest request = request_of(vectors[0]);
  request.hosts = {"127.0.0.1:8080", "127.0.0.1", "API.pandastream.com"};
  EXPECT_TRUE(verify(request, vectors[0].secret, vectors[0].signature));
}

TEST(Signature, OfTheWrongLengthIsWrong) {
  const SignedRequest request = request_of(vectors[0]);
  const std::string sound = vectors[0].signature;
  for (const std::string& wrong : {std::string(), sound.substr(1), sound + "=", sound + '\0'}) {
    EXPECT_FALSE(verify(request, vectors[0].secret, wrong)) << wrong;
  }
}

TEST(Mac, MatchesRfc4231) {
  EXPECT_EQ(hmac_sha256_base64("Jefe", "what do ya want for nothing?"),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST(Mac, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace sluice::auth
