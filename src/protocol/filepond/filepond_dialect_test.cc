// SPDX-License-Identifier: MIT
#include "protocol/filepond/filepond_dialect.h"

#include <gtest/gtest.h>

#include <string>

#include "support/protocol_fakes.h"

namespace sluice::protocol::filepond {
namespace {

using testing::RouterFixture;

class FilePondDialectTest : public RouterFixture {
 protected:
  FilePondDialectTest() { more_dialects = {&dialect_}; }

  // The path of a new upload's location, as the page makes it of the answer.
  std::string create(const std::string& size, const std::string& more = {}) {
    const http::Response response =
        send("POST /files\nContent-Type: multipart/form-data; boundary=xx\nUpload-Length: " + size +
                 more,
             "--xx\r\nContent-Disposition: form-data; name=\"filepond\"\r\n\r\n{\"a\":1}\r\n"
             "--xx--\r\n");
    EXPECT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(header(response, "Location"), "http://up.example:81/uploads/" + response.body);
    return "/uploads/" + response.body;
  }
  static std::string head(const std::string& path, int offset, int size = 9) {
    return "PATCH " + path + "\nContent-Type: application/offset+octet-stream\nUpload-Name: a.mp4" +
           "\nUpload-Offset: " + std::to_string(offset) +
           "\nUpload-Length: " + std::to_string(size);
  }
  http::Response patch(const std::string& path, int offset, const std::string& bytes) {
    return send(head(path, offset) + (bytes.empty() ? "\nContent-Length: 0" : ""), bytes);
  }
  std::string offset_at(const std::string& path) {
    const http::Response response = send("HEAD " + path);
    return std::to_string(response.status) + " " + header(response, "Upload-Offset");
  }

 private:
  Access access_{open_to_all, settings};
  UploadOpener opener_{engine, gate, access_, settings};
  FilePondDialect dialect_{{engine, opener_, access_, settings}};
};

TEST_F(FilePondDialectTest, TakesChunks) {
  const std::string path = create("9", "\nUpload-Name: a b.mp4");
  EXPECT_EQ(engine.created.at(0).file_name, "a b.mp4");
  EXPECT_EQ(engine.created.at(0).parameters, R"({"metadata":{"filepond":"{\"a\":1}"}})");
  EXPECT_EQ(offset_at(path), "200 0");
  EXPECT_EQ(patch(path, 0, "abc").status, 204);
  EXPECT_EQ(header(last.response, "Upload-Offset"), "3");
  EXPECT_EQ(patch(path, 3, "def").status, 204);
  EXPECT_EQ(offset_at(path), "200 6");
  EXPECT_EQ(patch(path, 6, "ghi").status, 204);
  EXPECT_EQ(delivered_bytes, "abcdefghi");
  EXPECT_EQ(patch(path, 9, "").status, 204) << "it sends one more when the size is a multiple";
  EXPECT_EQ(offset_at(path), "200 9");
}

TEST_F(FilePondDialectTest, KeepsNothingOfAChunkThatBreaksOff) {
  const std::string path = create("9");
  patch(path, 0, "abc");
  EXPECT_EQ(error_of(send_broken(head(path, 3) + "\nContent-Length: 3", "de")),
            "503 ConnectionLost");
  EXPECT_EQ(offset_at(path), "200 3");
  EXPECT_EQ(patch(path, 3, "def").status, 204);
}

TEST_F(FilePondDialectTest, TheLastChunkIsNoSuccessBeforeTheFileIs) {
  const std::string path = create("9");
  patch(path, 0, "abc");
  EXPECT_EQ(error_of(patch(path, 6, "ghi")), "409 OffsetMismatch");
  EXPECT_EQ(error_of(patch(path, 9, "")), "409 OffsetMismatch");
  answers_at_once = false;
  EXPECT_EQ(error_of(patch(path, 3, "def")), "503 DeliveryPending");
  EXPECT_EQ(send("HEAD " + path).status, 503);
  EXPECT_EQ(error_of(patch(path, 9, "")), "503 DeliveryPending");
  answer_now(token_of(path));
  EXPECT_EQ(patch(path, 6, "ghi").status, 204);
}

TEST_F(FilePondDialectTest, PassesTheRefusalOfTheBackendOn) {
  answer.status = 422;
  const std::string path = create("3");
  EXPECT_EQ(send(head(path, 0, 3), "abc").status, 422);
  EXPECT_EQ(send("HEAD " + path).status, 422);
}

TEST_F(FilePondDialectTest, TakesAnEmptyFile) {
  const std::string path = create("0");
  EXPECT_EQ(send(head(path, 0, 0) + "\nContent-Length: 0").status, 204);
  EXPECT_EQ(deliveries, 1);
}

TEST_F(FilePondDialectTest, RefusesWhatIsNoChunk) {
  const std::string path = create("9");
  EXPECT_EQ(error_of(send("PATCH " + path, "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(send(head(path, 0, 8), "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(patch(path, 7, "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(send("PATCH " + path + "\nUpload-Offset: -1", "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(patch("/uploads/" + std::string(43, 'x'), 0, "abc")), "404 RecordNotFound");
  EXPECT_EQ(send("DELETE " + path).status, 200);
  EXPECT_EQ(stored(path), "");
}

}  // namespace
}  // namespace sluice::protocol::filepond
