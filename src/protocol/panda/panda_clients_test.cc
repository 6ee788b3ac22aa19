// SPDX-License-Identifier: MIT
// The requests of the clients that exist, as they stand on the wire.
#include <boost/json/array.hpp>

#include "support/protocol_fakes.h"

namespace sluice::protocol::panda {
namespace {

using testing::RouterFixture;

class PandaClientsTest : public RouterFixture {
 protected:
  void expect_session(std::uint64_t file_size, const std::string& file_name) {
    EXPECT_EQ(last.response.status, 201) << last.response.body;
    ASSERT_FALSE(engine.created.empty());
    EXPECT_EQ(engine.created.back().file_size, file_size);
    EXPECT_EQ(engine.created.back().file_name, file_name);
  }
  void expect_progress(int status, const std::string& range) {
    EXPECT_EQ(last.response.status, status) << last.response.body;
    EXPECT_EQ(header(last.response, "Range"), range);
    EXPECT_NE(header(last.response, "Location"), "(none)");
  }
};

TEST_F(PandaClientsTest, RubyOpensWithAForm) {
  send(
      "POST /v2/videos/upload.json HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n"
      "Connection: close\nHost: api.example:443",
      "file_name=%2Fhome%2Fme%2Fmy+video.mp4&file_size=250000&profiles=h264&access_key=a&"
      "cloud_id=c&timestamp=2026-11-22T17%3A20%3A58.000000%2B00%3A00&signature=s");
  expect_session(250000, "/home/me/my video.mp4");
}

TEST_F(PandaClientsTest, RubyOf2012OpensWithoutAContentType) {
  send("POST /v2/videos/upload.json? HTTP/1.1\nHost: api.example:80",
       "file_name=a.mp4&file_size=9&use_all_profiles=true");
  expect_session(9, "a.mp4");
  const std::string location = field(last.response, "location");
  send("PUT " + location.substr(location.find("/uploads/")) +
           "\nContent-Type: application/octet-stream",
       "abcdefghi");
  expect_progress(200, "0-8");
}

TEST_F(PandaClientsTest, PythonAndNodeOpenWithAQuery) {
  send(
      "POST /v2/videos/upload.json?access_key=a&cloud_id=c&file_name=/tmp/%C3%BC%20b.mp4&"
      "file_size=6000000&payload=%7B%22id%22%3A+7%7D&profiles=h264&timestamp=t&signature=s%3D "
      "HTTP/1.1\nHost: api.example\nContent-Length: 0\nAccept-Encoding: gzip");
  expect_session(6000000, "/tmp/\xC3\xBC b.mp4");
  send(
      "POST /v2/videos/upload.json?file_size=10&file_name=it's(1)!*.mp4&content_type=video/mp4 "
      "HTTP/1.1\nHost: api.example\nContent-Length: 0");
  expect_session(10, "it's(1)!*.mp4");
}

TEST_F(PandaClientsTest, PhpOpensWithMultipart) {
  send(
      "POST /v2/videos/upload.json\nAccept: */*\n"
      "Content-Type: multipart/form-data; boundary=------------------------5b1c",
      "--------------------------5b1c\r\nContent-Disposition: form-data; name=\"file_name\"\r\n\r\n"
      "a.mp4\r\n"
      "--------------------------5b1c\r\nContent-Disposition: form-data; name=\"file_size\"\r\n\r\n"
      "12\r\n--------------------------5b1c--\r\n");
  expect_session(12, "a.mp4");
}

TEST_F(PandaClientsTest, DotNetSaysEverythingTwice) {
  send(
      "POST /v3.0/videos/upload.json?file_name=a.mp4&file_size=12&signature=s HTTP/1.1\n"
      "Host: api.example\nContent-Type: application/x-www-form-urlencoded",
      "file_name=a.mp4&file_size=12&signature=s");
  expect_session(12, "a.mp4");
}

TEST_F(PandaClientsTest, TheSdksOfTelestreamOpenWithJson) {
  send(
      "POST /flip/3.1/videos/upload.json?factory_id=f HTTP/1.1\nHost: api.example\n"
      "X-Api-Key: k\nContent-Type: application/json",
      R"({"file_size":"12","file_name":"a.mp4","profiles":["h264"],"extra_files":[],)"
      R"("path_format":null})");
  expect_session(12, "a.mp4");
  EXPECT_EQ(engine.created.back().parameters,
            R"({"factory_id":"f","profiles":["h264"],"extra_files":[],"path_format":null})");
}

TEST_F(PandaClientsTest, RubyEndsItsLastPieceBeyondTheFile) {
  const std::string path = open(250);
  const std::string head = "POST " + path +
                           "\nContent-Type: application/octet-stream\nCache-Control: no-cache\n"
                           "Connection: close\nContent-Range: bytes ";
  send(head + "0-99/250", std::string(100, 'a'));
  expect_progress(204, "0-99");
  // A resume begins with the last byte that is stored, not behind it.
  send(head + "99-198/250", std::string(100, 'a'));
  expect_progress(204, "0-198");
  send(head + "199-298/250", std::string(51, 'a'));
  expect_progress(200, "0-249");
}

TEST_F(PandaClientsTest, JavaAsksWithoutAnyFraming) {
  const std::string path = open(9);
  send("POST " + path +
       " HTTP/1.1\nContent-Type: application/octet-stream\nContent-Range: bytes */9\n"
       "Cache-Control: no-cache\nPragma: no-cache\nHost: up.example:81");
  expect_progress(204, "(none)");
}

TEST_F(PandaClientsTest, DotNetSendsStaleBytesBehindItsLastPiece) {
  const std::string path = open(9);
  send("PUT " + path + "\nContent-Type: application/octet-stream\nContent-Range: bytes 0-4/9",
       "abcde");
  send("PUT " + path + "\nContent-Type: application/octet-stream\nContent-Range: bytes 5-8/9",
       "fghie");
  expect_progress(200, "0-8");
  EXPECT_EQ(stored(path), "abcdefghi");
}

TEST_F(PandaClientsTest, TheBrowserUploaderAsksSendsAndCancels) {
  const std::string path = open(9);
  const std::string fields =
      "\nOrigin: http://page.example\nContent-Type: application/octet-stream\n"
      "Cache-Control: no-cache\nX-Requested-With: XMLHttpRequest\nContent-Range: bytes ";
  send("PUT " + path + "\nContent-Length: 0" + fields + "*/9");
  expect_progress(204, "(none)");
  EXPECT_TRUE(header(last.response, "Access-Control-Expose-Headers")
                  .starts_with("Location, Range, Retry-After, Sluice-Answer, X-Request-Id,"));
  send("PUT " + path + fields + "0-4/9", "abcde");
  expect_progress(204, "0-4");
  // Chromium repeats a piece by itself.
  send("PUT " + path + fields + "0-4/9", "abcde");
  expect_progress(204, "0-4");
  // A gap: the answer tells the client where the stored bytes end.
  send("PUT " + path + fields + "7-8/9", "hi");
  expect_progress(204, "0-4");
  send("PUT " + path + fields + "5-8/9", "fghi");
  expect_progress(200, "0-8");
  send("PUT " + path + fields + "8-8/9", "i");
  expect_progress(200, "0-8");
  EXPECT_EQ(last.response.body, R"({"id":"12345"})");
  send("DELETE " + path +
       "\nContent-Length: 0\nX-Requested-With: XMLHttpRequest\n"
       "Content-Type: text/plain;charset=UTF-8");
  EXPECT_EQ(last.response.status, 200);
}

TEST_F(PandaClientsTest, TheBrowserUploaderFallsBackToAForm) {
  const std::string path = open(9);
  send("POST " + path +
           "\nCache-Control: no-cache\nX-Requested-With: XMLHttpRequest\n"
           "Content-Type: multipart/form-data; boundary=----WebKitFormBoundaryX",
       "------WebKitFormBoundaryX\r\nContent-Disposition: form-data; name=\"file\"; "
       "filename=\"a.mp4\"\r\nContent-Type: video/mp4\r\n\r\nabcdefghi\r\n"
       "------WebKitFormBoundaryX--\r\n");
  expect_progress(200, "0-8");
}

TEST_F(PandaClientsTest, GoAndRubySendOddForms) {
  const std::string path = open(9);
  send("POST " + path + "\nContent-Type: multipart/form-data; boundary=a^{}b",
       "--a^{}b\r\nContent-Disposition: form-data; name=\"/tmp/a.mp4\"; filename=\"/tmp/a.mp4\"\r\n"
       "Content-Type: application/octet-stream\r\n\r\nabcdefghi\r\n--a^{}b--\r\n");
  expect_progress(200, "0-8");
  const std::string second = open(9);
  send("POST " + second + "\nContent-Type: multipart/form-data; boundary=rb",
       "\r\n--rb\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n"
       "Content-Length: 9\r\nContent-Type: multipart/form-data\r\n"
       "Content-Transfer-Encoding: binary\r\n\r\nabcdefghi\r\n"
       "--rb\r\nContent-Disposition: form-data; name=\"access_key\"\r\n\r\nk\r\n--rb--\r\n");
  expect_progress(200, "0-8");
  EXPECT_EQ(stored(second), "abcdefghi");
}

}  // namespace
}  // namespace sluice::protocol::panda
