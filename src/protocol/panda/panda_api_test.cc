// SPDX-License-Identifier: MIT
#include "protocol/panda/panda_api.h"

#include "support/protocol_fakes.h"

namespace sluice::protocol::panda {
namespace {

using testing::RouterFixture;

class PandaApiTest : public RouterFixture {};

TEST_F(PandaApiTest, ListsVideosAsAnArrayOrAnObject) {
  const std::string array = R"([{"id":"a"},{"id":"b"}])";
  const std::string object =
      R"({"videos":[{"id":"a"},{"id":"b"}],"page":1,"per_page":100,"total":7})";
  for (const char* path : {"/videos.json", "/videos.json?", "/v2//videos.json", "/v3.0/videos.json",
                           "/videos.json?include_root=false", "/videos.json?include_root="}) {
    EXPECT_EQ(send(std::string("GET ") + path).body, array) << path;
  }
  for (const char* path : {"/videos.json?include_root=true", "/v2/videos.json?include_root=1",
                           "/v3.1/videos.json", "/api/v3.1/videos.json", "/flip/3.1/videos.json",
                           "/api/flip/3.1/videos.json?factory_id=x"}) {
    EXPECT_EQ(send(std::string("GET ") + path).body, object) << path;
  }
  EXPECT_EQ(last.response.status, 200);
  EXPECT_EQ(header(last.response, "Content-Type"), "application/json");
}

TEST_F(PandaApiTest, PassesTheFilterOn) {
  send("GET /videos.json");
  send("GET /videos.json?status=fail&page=3&per_page=20&include_root=1");
  EXPECT_EQ(videos.filters.at(0).status, std::nullopt);
  EXPECT_EQ(videos.filters.at(0).page, 1U);
  EXPECT_EQ(videos.filters.at(0).per_page, 100U);
  EXPECT_EQ(videos.filters.at(1).status, "fail");
  EXPECT_EQ(videos.filters.at(1).page, 3U);
  EXPECT_EQ(videos.filters.at(1).per_page, 20U);
  EXPECT_NE(last.response.body.find(R"("page":3,"per_page":20,)"), std::string::npos);
}

TEST_F(PandaApiTest, RefusesAFilterThatCannotBe) {
  for (const char* query :
       {"status=done", "page=0", "page=x", "page=-1", "per_page=0", "per_page=101",
        "page=99999999999999999999", "include_root=maybe", "page=1&page=2", "status=%zz"}) {
    EXPECT_EQ(error_of(send(std::string("GET /videos.json?") + query)), "400 BadRequest") << query;
  }
  EXPECT_TRUE(videos.filters.empty());
}

TEST_F(PandaApiTest, ShowsAVideo) {
  EXPECT_EQ(send("GET /v2/videos/" + videos.known + ".json").body, R"({"id":"x"})");
  EXPECT_EQ(send("GET /videos/" + videos.known + "/metadata.json").body,
            R"({"duration":"19.35 s"})");
}

TEST_F(PandaApiTest, RemovesAVideoOrItsSource) {
  EXPECT_EQ(send("DELETE /videos/" + videos.known + ".json").body, R"({"deleted":true})");
  EXPECT_EQ(last.response.status, 200);
  EXPECT_EQ(send("DELETE /videos/" + videos.known + "/source.json").body, R"({"deleted":true})");
  EXPECT_EQ(videos.calls,
            (std::vector<std::string>{"remove " + videos.known, "remove_source " + videos.known}));
}

TEST_F(PandaApiTest, KnowsOnlyIdsOfItsOwnKind) {
  for (const std::string& id : {std::string("1"), std::string(31, 'a'), std::string(33, 'a'),
                                std::string(32, 'g'), std::string(32, 'A'), std::string("..%2F")}) {
    for (const char* head : {"GET /videos/{}.json", "DELETE /videos/{}.json",
                             "GET /videos/{}/metadata.json", "DELETE /videos/{}/source.json"}) {
      std::string request = head;
      request.replace(request.find("{}"), 2, id);
      EXPECT_EQ(error_of(send(request)), "404 RecordNotFound") << request;
    }
  }
  EXPECT_TRUE(videos.calls.empty());
  EXPECT_EQ(field(send("GET /videos/7.json"), "message"), "Couldn't find Video with ID=7");
  EXPECT_EQ(error_of(send("GET /videos/" + std::string(32, 'a') + ".json")), "404 RecordNotFound");
}

TEST_F(PandaApiTest, ListsNoEncodingsAndNoProfiles) {
  const std::string of_video = "/videos/" + videos.known + "/encodings.json";
  for (const std::string& path :
       {of_video, std::string("/encodings.json"), std::string("/profiles.json")}) {
    EXPECT_EQ(send("GET /v2" + path + "?status=success").body, "[]") << path;
  }
  EXPECT_EQ(send("GET /v3.1/profiles.json").body,
            R"({"profiles":[],"page":1,"per_page":100,"total":0})");
  EXPECT_EQ(send("GET " + of_video + "?include_root=true&page=2&per_page=5").body,
            R"({"encodings":[],"page":2,"per_page":5,"total":0})");
  EXPECT_EQ(send("GET /encodings.json?page=x").status, 400);
  EXPECT_EQ(error_of(send("GET /videos/00000000000000000000000000000000/encodings.json")),
            "404 RecordNotFound");
}

}  // namespace
}  // namespace sluice::protocol::panda
