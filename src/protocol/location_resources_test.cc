// SPDX-License-Identifier: MIT
#include "protocol/location_resources.h"

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "protocol/download.h"
#include "support/protocol_fakes.h"

namespace sluice::protocol {
namespace {

constexpr const char* unknown = "/uploads/0123456789012345678901234567890123456789012";

class LocationResourcesTest : public testing::RouterFixture {
 protected:
  // The path of the location of a file that the backend has been given.
  std::string upload(const std::string& bytes) {
    std::string path = open(bytes.size());
    send("PUT " + path, bytes);
    return path;
  }
};

TEST_F(LocationResourcesTest, GiveTheBackendsAnswer) {
  const std::string path = upload("abc");
  const http::Response response = send("GET " + path + "/answer");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"id":"12345"})");
  EXPECT_EQ(header(response, "Sluice-Answer"), "backend");
  EXPECT_STREQ(last.route, "answer");
  EXPECT_EQ(last.upload_id, 1U);
  answer.status = 422;
  EXPECT_EQ(send("GET " + upload("abc") + "/answer").status, 422);
}

TEST_F(LocationResourcesTest, TellWhyThereIsNoAnswer) {
  const std::string path = open(3);
  EXPECT_EQ(error_of(send("GET " + path + "/answer")), "503 DeliveryPending");
  answers_at_once = false;
  send("PUT " + path, "abc");
  EXPECT_EQ(error_of(send("GET " + path + "/answer")), "503 DeliveryPending");
  EXPECT_TRUE(run(EngineFixture::engine->ledger().gave_up(token_of(path), 1, "it is out")));
  EXPECT_EQ(error_of(send("GET " + path + "/answer")), "502 DeliveryFailed");
  EXPECT_EQ(error_of(send(std::string("GET ") + unknown + "/answer")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("GET /uploads/x/answer")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("PUT " + path + "/answer")), "405 MethodNotAllowed");
}

class DownloadTest : public LocationResourcesTest {
 protected:
  DownloadTest() { settings.downloads = Downloads::capability; }

  // Of the last response, as the session writes it.
  std::string body() {
    runtime::ByteSource* const source = last.response.source.get();
    if (source == nullptr) {
      return last.response.body;
    }
    std::string bytes(static_cast<std::size_t>(source->remaining().value_or(0)), '?');
    EXPECT_EQ(*run(source->read(std::as_writable_bytes(std::span(bytes)), Duration(0))),
              bytes.size());
    return bytes;
  }
};

TEST_F(DownloadTest, GivesTheFile) {
  const std::string path = upload("abcdefghi") + "/content";
  const http::Response response = send("GET " + path);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body(), "abcdefghi");
  EXPECT_EQ(header(response, "Content-Disposition"), "attachment; filename*=UTF-8''a.mp4");
  EXPECT_EQ(header(response, "Content-Security-Policy"), "sandbox");
  EXPECT_EQ(header(response, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(header(response, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "*");
  EXPECT_STREQ(last.route, "content");
  const std::string etag = header(response, "ETag");
  EXPECT_EQ(send("GET " + path + "\nIf-None-Match: " + etag).status, 304);
  EXPECT_EQ(body(), "");
  EXPECT_EQ(send("GET " + path + "\nRange: bytes=2-4").status, 206);
  EXPECT_EQ(body(), "cde");
  EXPECT_EQ(header(last.response, "Content-Range"), "bytes 2-4/9");
  EXPECT_EQ(send("GET " + path + "\nRange: bytes=9-\nIf-Range: " + etag).status, 416);
  EXPECT_EQ(send("HEAD " + path).status, 200);
  EXPECT_EQ(send("DELETE " + path).status, 405);
  EXPECT_NE(header(send("GET " + upload("abcdefghi") + "/content"), "ETag"), etag);
}

TEST_F(DownloadTest, TellsTheTypeUnlessABrowserRunsIt) {
  struct Case {
    const char* type;
    std::string told;
  };
  for (const Case& c : {Case{"video/mp4", "video/mp4"}, Case{"Video/MP4;codecs=avc1", "video/mp4"},
                        Case{"text/html", "text/plain; charset=utf-8"},
                        Case{"image/svg%2Bxml", "text/plain; charset=utf-8"},
                        Case{"text/javascript", "text/plain; charset=utf-8"},
                        Case{"nonsense%0D%0AX-A:b", "application/octet-stream"}}) {
    const http::Response opened = send(
        std::string("POST /videos/upload.json?file_name=a&file_size=1&content_type=") + c.type);
    const std::string location = field(opened, "location");
    const std::string path = location.substr(location.find("/uploads/"));
    send("PUT " + path, "a");
    EXPECT_EQ(header(send("GET " + path + "/content"), "Content-Type"), c.told) << c.type;
    restart();
    EXPECT_EQ(header(send("GET " + path + "/content"), "Content-Type"), c.told) << c.type;
  }
}

TEST_F(DownloadTest, SaysWhyThereIsNoFile) {
  const std::string path = open(3);
  EXPECT_EQ(error_of(send("GET " + path + "/content")), "409 NotDelivered");
  answers_at_once = false;
  send("PUT " + path, "abc");
  EXPECT_EQ(error_of(send("GET " + path + "/content")), "409 NotDelivered");
  answer_now(token_of(path));
  EXPECT_EQ(send("GET " + path + "/content").status, 200);
  store.files.clear();
  EXPECT_EQ(error_of(send("GET " + path + "/content")), "404 RecordNotFound");
  EXPECT_EQ(error_of(send("GET " + path + "/content\nRange: bytes=9-")), "404 RecordNotFound");
  const std::string aborted = open(3);
  send("DELETE " + aborted);
  EXPECT_EQ(error_of(send("GET " + aborted + "/content")), "404 RecordNotFound");
  answers_at_once = true;
  answer.status = 422;
  EXPECT_EQ(error_of(send("GET " + upload("abc") + "/content")), "409 NotDelivered");
}

TEST_F(DownloadTest, IsOffUnlessAllowed) {
  settings.downloads = Downloads::off;
  EXPECT_EQ(error_of(send("GET " + upload("abc") + "/content")), "404 RecordNotFound");
}

TEST(AttachmentCalled, EscapesWhatAClientChose) {
  EXPECT_EQ(attachment_called("a b\r\n\"/.mp4"),
            "attachment; filename*=UTF-8''a%20b%0D%0A%22%2F.mp4");
  EXPECT_EQ(attachment_called("\xC3\xA4\xFF"), "attachment; filename*=UTF-8''%C3%A4%EF%BF%BD");
  std::string name;
  for (int i = 0; i < 200; ++i) {
    name += "\xC3\xA4";
  }
  std::string end;
  for (int i = 0; i < 125; ++i) {
    end += "%C3%A4";
  }
  EXPECT_EQ(attachment_called(name + ".mp4"), "attachment; filename*=UTF-8''" + end + ".mp4");
}

}  // namespace
}  // namespace sluice::protocol
