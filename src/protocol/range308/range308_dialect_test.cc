// SPDX-License-Identifier: MIT
#include "protocol/range308/range308_dialect.h"

#include <gtest/gtest.h>

#include <string>

#include "support/protocol_fakes.h"

namespace sluice::protocol::range308 {
namespace {

using testing::RouterFixture;

class Range308DialectTest : public RouterFixture {
 protected:
  Range308DialectTest() { more_dialects = {&dialect_}; }

  // The path of a new upload's location.
  std::string create(std::uint64_t size, const std::string& metadata = R"({"name":"a.mp4"})") {
    const http::Response response = send(
        "POST /files?uploadType=resumable\nContent-Type: application/json; charset=UTF-8"
        "\nX-Upload-Content-Type: video/mp4\nX-Upload-Content-Length: " +
            std::to_string(size),
        metadata);
    EXPECT_EQ(response.status, 200) << response.body;
    const std::string location = header(response, "Location");
    EXPECT_TRUE(location.starts_with("http://up.example:81/uploads/")) << location;
    return location.substr(location.find("/uploads/"));
  }
  http::Response put(const std::string& path, const std::string& range, const std::string& bytes) {
    return send("PUT " + path + "\nContent-Range: bytes " + range, bytes);
  }
  // Status and Range.
  static std::string told(const http::Response& response) {
    return std::to_string(response.status) + " " + header(response, "Range");
  }

 private:
  Access access_{open_to_all, settings};
  UploadOpener opener_{engine, gate, access_, settings};
  Range308Dialect dialect_{{engine, opener_, access_, settings}};
};

TEST_F(Range308DialectTest, TakesAFileInRanges) {
  const std::string path = create(9);
  EXPECT_EQ(engine.created.at(0).file_name, "a.mp4");
  EXPECT_EQ(engine.created.at(0).content_type, "video/mp4");
  EXPECT_EQ(told(put(path, "*/9", "")), "308 (none)");
  EXPECT_EQ(told(put(path, "0-3/9", "abcd")), "308 bytes=0-3");
  EXPECT_EQ(told(put(path, "*/9", "")), "308 bytes=0-3");
  EXPECT_EQ(told(put(path, "6-8/9", "ghi")), "308 bytes=0-3") << "a gap";
  EXPECT_EQ(told(put(path, "2-5/*", "cdef")), "308 bytes=0-5");
  const http::Response last = put(path, "6-8/9", "ghi");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.body, R"({"id":"12345"})");
  EXPECT_EQ(stored(path), "abcdefghi");
  EXPECT_EQ(put(path, "*/9", "").body, last.body);
  EXPECT_EQ(put(path, "*/*", "").body, last.body);
  EXPECT_EQ(put(path, "8-8/9", "i").body, last.body);
}

TEST_F(Range308DialectTest, TakesAFileInOneRequest) {
  const std::string path = create(9);
  EXPECT_EQ(send("PUT " + path + "\nContent-Type: video/mp4", "abcdefghi").status, 200);
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(Range308DialectTest, LearnsTheSizeLater) {
  const auto begin = [this] {
    const http::Response response = send("POST /files?uploadType=resumable&name=a");
    EXPECT_EQ(response.status, 200) << response.body;
    const std::string location = header(response, "Location");
    const std::string path = location.substr(location.find("/uploads/"));
    EXPECT_EQ(told(put(path, "0-3/*", "abcd")), "308 bytes=0-3");
    EXPECT_EQ(told(put(path, "*/*", "")), "308 bytes=0-3");
    return path;
  };
  EXPECT_EQ(put(begin(), "4-5/6", "ef").status, 200);
  EXPECT_EQ(delivered_bytes, "abcdef");
  const std::string path = begin();
  EXPECT_EQ(put(path, "*/3", "").status, 400);
  EXPECT_EQ(put(path, "*/4", "").status, 200);
  EXPECT_EQ(delivered_bytes, "abcd");
}

TEST_F(Range308DialectTest, TellsTheWholeSizeOnlyWithTheAnswer) {
  const std::string path = create(3);
  answers_at_once = false;
  const http::Response pending = put(path, "0-2/3", "abc");
  EXPECT_EQ(pending.status, 503);
  EXPECT_NE(header(pending, "Retry-After"), "(none)");
  EXPECT_EQ(told(put(path, "*/3", "")), "308 bytes=0-1");
  answer_now(token_of(path));
  EXPECT_EQ(put(path, "2-2/3", "c").status, 200);
}

TEST_F(Range308DialectTest, PassesTheRefusalOfTheBackendOn) {
  const std::string path = create(3);
  answer.status = 422;
  answer.body = "no cats";
  EXPECT_EQ(put(path, "0-2/3", "abc").status, 422);
  EXPECT_EQ(put(path, "*/3", "").body, "no cats");
}

TEST_F(Range308DialectTest, CompletesAnEmptyFileByAnyQuestion) {
  EXPECT_EQ(put(create(0), "*/0", "").status, 200);
  EXPECT_EQ(send("PUT " + create(0) + "\nContent-Length: 0").status, 200);
}

TEST_F(Range308DialectTest, CancelsAndTellsAFormerUploadFromNone) {
  const std::string path = create(9);
  EXPECT_EQ(send("DELETE " + path).status, 204);
  EXPECT_EQ(send("DELETE " + path).status, 204);
  EXPECT_EQ(put(path, "*/9", "").status, 410);
  EXPECT_EQ(put(path, "0-0/9", "a").status, 410);
  EXPECT_EQ(put("/uploads/" + std::string(43, 'x'), "*/9", "").status, 404);
}

TEST_F(Range308DialectTest, RefusesInTheFormThatItsClientsRead) {
  const std::string path = create(9);
  const struct {
    const char* range;
    const char* bytes;
  } cases[] = {{"*/8", ""}, {"0-1/10", "ab"}, {"5-4/9", "a"}, {"a-b/9", "a"}, {"*/9", "abc"}};
  for (const auto& c : cases) {
    const http::Response response = put(path, c.range, c.bytes);
    EXPECT_EQ(response.status, 400) << c.range;
    EXPECT_TRUE(response.body.starts_with(R"({"error":{"code":400,"message":")")) << response.body;
  }
  EXPECT_EQ(
      send("PUT " + path + "\nContent-Range: bytes 0-0/9\nContent-Range: bytes 1-1/9", "a").status,
      400);
  EXPECT_EQ(stored(path), "");
}

TEST_F(Range308DialectTest, AnUploadOfPandaStaysOne) {
  const std::string path = open(9);
  EXPECT_EQ(told(put(path, "*/9", "")), "204 (none)");
  EXPECT_EQ(send("GET " + create(9)).status, 200);
}

}  // namespace
}  // namespace sluice::protocol::range308
