// SPDX-License-Identifier: MIT
#include "protocol/formchunks/formchunks_dialect.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "support/protocol_fakes.h"

namespace sluice::protocol::formchunks {
namespace {

using testing::RouterFixture;

using Fields = std::vector<std::pair<std::string, std::string>>;

// Files are cut into chunks of 4 bytes.
class FormChunksDialectTest : public RouterFixture {
 protected:
  FormChunksDialectTest() { more_dialects = {&dialect_}; }

  static std::string form(const Fields& fields, const std::string& bytes,
                          const std::string& file_name = "a.mp4") {
    std::string text;
    for (const auto& [name, value] : fields) {
      text.append("--xx\r\nContent-Disposition: form-data; name=\"").append(name);
      text.append("\"\r\n\r\n").append(value).append("\r\n");
    }
    return text + "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + file_name +
           "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + bytes + "\r\n--xx--\r\n";
  }
  http::Response post(const Fields& fields, const std::string& bytes,
                      const std::string& more = {}) {
    return send("POST /files\nContent-Type: multipart/form-data; boundary=xx" + more,
                form(fields, bytes));
  }
  static std::string part_of(const std::string& whole, std::size_t index) {
    return whole.substr(std::min(index * 4, whole.size()), 4);
  }
  static Fields dropzone_fields(const std::string& whole, std::size_t index,
                                const std::string& uuid) {
    const std::size_t count = std::max<std::size_t>(1, (whole.size() + 3) / 4);
    return {{"dzuuid", uuid},
            {"dzchunkindex", std::to_string(index)},
            {"dztotalfilesize", std::to_string(whole.size())},
            {"dzchunksize", "4"},
            {"dztotalchunkcount", std::to_string(count)},
            {"dzchunkbyteoffset", std::to_string(index * 4)}};
  }
  http::Response dropzone(const std::string& whole, std::size_t index,
                          const std::string& uuid = "u-1") {
    return post(dropzone_fields(whole, index, uuid), part_of(whole, index));
  }
  // As a query: clients send it so beside the form, and alone with the test request.
  static std::string resumable(const std::string& whole, std::size_t index) {
    const std::size_t count = (whole.size() + 3) / 4;
    return "resumableChunkNumber=" + std::to_string(index + 1) +
           "&resumableChunkSize=4&resumableCurrentChunkSize=" +
           std::to_string(part_of(whole, index).size()) +
           "&resumableTotalSize=" + std::to_string(whole.size()) +
           "&resumableType=video%2Fmp4&resumableIdentifier=" + std::to_string(whole.size()) +
           "-a&resumableFilename=a.mp4&resumableRelativePath=a.mp4&resumableTotalChunks=" +
           std::to_string(count);
  }
  http::Response octets(const std::string& whole, std::size_t index) {
    return send(
        "POST /files?" + resumable(whole, index) + "\nContent-Type: application/octet-stream",
        part_of(whole, index));
  }
  int test(const std::string& whole, std::size_t index) {
    return send("GET /files?" + resumable(whole, index)).status;
  }

  const std::string file = "abcdefghij";
  const std::string key = "key";

 private:
  Access access_{open_to_all, settings};
  UploadOpener opener_{engine, gate, access_, settings};
  FormChunksDialect dialect_{
      {engine, opener_, access_, settings}, key, std::chrono::milliseconds(10)};
};

TEST_F(FormChunksDialectTest, TakesChunksInAnyOrder) {
  const http::Response middle = dropzone(file, 1);
  EXPECT_EQ(middle.status, 200);
  EXPECT_EQ(middle.body, "");
  const std::string location = header(middle, "Location");
  ASSERT_TRUE(location.starts_with("http://up.example:81/uploads/")) << location;
  EXPECT_EQ(dropzone(file, 0).status, 200);
  const http::Response last = dropzone(file, 2);
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.body, R"({"id":"12345"})");
  EXPECT_EQ(header(last, "Sluice-Answer"), "backend");
  EXPECT_EQ(stored(location.substr(location.find("/uploads/"))), file);
  EXPECT_EQ(engine.created.size(), 1U);
  EXPECT_EQ(engine.created.at(0).file_name, "a.mp4");
  EXPECT_EQ(engine.created.at(0).dialect, "formchunks");
  EXPECT_EQ(engine.created.at(0).parameters, "{}");
}

TEST_F(FormChunksDialectTest, RepeatsTheAnswer) {
  for (const std::size_t index : {0U, 1U, 2U}) {
    EXPECT_EQ(dropzone(file, index).status, 200);
  }
  EXPECT_EQ(dropzone(file, 2).body, R"({"id":"12345"})");
  restart();
  EXPECT_EQ(dropzone(file, 1).body, R"({"id":"12345"})");
  EXPECT_EQ(deliveries, 1);
}

TEST_F(FormChunksDialectTest, GoesOnAfterARestart) {
  dropzone(file, 0);
  dropzone(file, 2);
  restart();
  EXPECT_EQ(dropzone(file, 1).body, R"({"id":"12345"})") << "it completes the file";
}

TEST_F(FormChunksDialectTest, TheChunkThatEndsTheFileIsNoSuccessBeforeTheFileIs) {
  dropzone(file, 0);
  const http::Response early = dropzone(file, 2);
  EXPECT_EQ(error_of(early), "503 DeliveryPending");
  EXPECT_NE(header(early, "Retry-After"), "(none)");
  EXPECT_EQ(dropzone(file, 1).status, 200);
  EXPECT_EQ(dropzone(file, 2).body, R"({"id":"12345"})");
  answers_at_once = false;
  EXPECT_EQ(dropzone("xyz", 0, "u-2").status, 503);
}

TEST_F(FormChunksDialectTest, AChunkThatBreaksOffComesAgain) {
  const std::string whole = form(dropzone_fields(file, 0, "u-1"), "abcd");
  EXPECT_EQ(error_of(send_broken("POST /files\nContent-Type: multipart/form-data; boundary=xx"
                                 "\nContent-Length: " +
                                     std::to_string(whole.size()),
                                 whole.substr(0, whole.size() - 14))),
            "503 ConnectionLost");
  EXPECT_EQ(dropzone(file, 0).status, 200);
  EXPECT_EQ(dropzone(file, 1).status, 200);
  EXPECT_EQ(dropzone(file, 2).body, R"({"id":"12345"})");
  EXPECT_EQ(delivered_bytes, file);
}

TEST_F(FormChunksDialectTest, TakesAnEmptyFile) {
  EXPECT_EQ(dropzone("", 0).body, R"({"id":"12345"})");
}

TEST_F(FormChunksDialectTest, TellsWhichChunksItHas) {
  EXPECT_EQ(test(file, 0), 204);
  EXPECT_EQ(octets(file, 0).status, 200);
  EXPECT_EQ(octets(file, 1).status, 200);
  EXPECT_EQ(test(file, 0), 200);
  EXPECT_EQ(test(file, 2), 204);
  EXPECT_EQ(octets(file, 2).body, R"({"id":"12345"})");
  EXPECT_EQ(test(file, 0), 204) << "the chunks of a finished file are answered when they come";
  EXPECT_EQ(engine.created.at(0).content_type, "video/mp4");
  EXPECT_EQ(engine.created.at(0).parameters, R"({"resumableRelativePath":"a.mp4"})");
}

TEST_F(FormChunksDialectTest, TheChunkThatEndsTheFileIsSentAgainToHearTheAnswer) {
  answers_at_once = false;
  octets("abcdef", 0);
  EXPECT_EQ(error_of(octets("abcdef", 1)), "503 DeliveryPending");
  EXPECT_EQ(test("abcdef", 0), 200);
  EXPECT_EQ(test("abcdef", 1), 204);
}

TEST_F(FormChunksDialectTest, AFileOfTheSameNameAndSizeIsAnotherOneAfterAWhile) {
  octets("abc", 0);
  EXPECT_EQ(octets("xyz", 0).status, 200) << "an answer that was lost is asked for again";
  EXPECT_EQ(delivered_bytes, "abc");
  clock.advance(limits::finished_chunks_window + std::chrono::seconds(1));
  EXPECT_EQ(octets("xyz", 0).status, 200);
  EXPECT_EQ(delivered_bytes, "xyz");
  dropzone("abc", 0);
  clock.advance(limits::finished_chunks_window + std::chrono::seconds(1));
  EXPECT_EQ(dropzone("xyz", 0).status, 200);
  EXPECT_EQ(delivered_bytes, "abc") << "the same dzuuid is the same file";
}

TEST_F(FormChunksDialectTest, ChunksOfTwoFilesAreNotMixed) {
  dropzone(file, 0, "u-1");
  EXPECT_EQ(error_of(dropzone("ABCDefghij", 0, "u-1")), "409 ContentMismatch");
  EXPECT_EQ(dropzone("ABCDefghij", 0, "u-2").status, 200);
  EXPECT_EQ(engine.created.size(), 2U);
}

TEST_F(FormChunksDialectTest, PassesTheRefusalOfTheBackendOn) {
  answer.status = 422;
  answer.body = "no cats";
  EXPECT_EQ(dropzone("abc", 0).status, 422);
  EXPECT_EQ(dropzone("abc", 0).body, "no cats");
}

TEST_F(FormChunksDialectTest, TellsFineUploaderOfSuccess) {
  const auto fields = [](std::size_t index) {
    return Fields{{"qqpartindex", std::to_string(index)},
                  {"qqpartbyteoffset", std::to_string(index * 4)},
                  {"qqchunksize", index == 0 ? "4" : "2"},
                  {"qqtotalparts", "2"},
                  {"qqtotalfilesize", "6"},
                  {"qqfilename", "b.mp4"},
                  {"qquuid", "q"}};
  };
  EXPECT_EQ(post(fields(0), "abcd").body, R"({"success":true})");
  const http::Response last = post(fields(1), "ef");
  EXPECT_EQ(last.body, R"({"id":"12345","success":true})");
  EXPECT_EQ(header(last, "Content-Type"), "application/json");
  EXPECT_EQ(engine.created.at(0).file_name, "b.mp4");
}

TEST_F(FormChunksDialectTest, TakesTheRangeOfAChunkFromItsHead) {
  const Fields one{{"title", "t"}, {"upload_id", "b-1"}, {"upload_size", "6"}};
  const http::Response first = post(one, "abcd", "\nContent-Range: bytes 0-3/6");
  EXPECT_EQ(first.status, 204) << "its page may read JSON";
  EXPECT_EQ(post(one, "ef", "\nContent-Range: bytes 4-5/6").body, R"({"id":"12345"})");
  EXPECT_EQ(delivered_bytes, "abcdef");
  EXPECT_EQ(engine.created.at(0).parameters, R"({"title":"t"})");
  const Fields other{{"upload_id", "b-2"}, {"upload_size", "6"}};
  EXPECT_EQ(post(other, "uvwxyz").body, R"({"id":"12345"})");
  EXPECT_EQ(delivered_bytes, "uvwxyz") << "of the same name and size";
}

TEST_F(FormChunksDialectTest, AFileWithoutAnIdentifierIsNotPutTogether) {
  EXPECT_EQ(error_of(post({}, "abcd", "\nContent-Range: bytes 0-3/6")), "400 BadRequest");
  EXPECT_TRUE(engine.created.empty());
}

TEST_F(FormChunksDialectTest, RefusesWhatIsNoChunk) {
  EXPECT_EQ(error_of(post({}, "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(post({{"dzuuid", "u"}}, "abc")), "400 BadRequest");
  EXPECT_EQ(error_of(send("GET /files?resumableIdentifier=a")), "400 BadRequest");
  EXPECT_EQ(error_of(send("POST /files\nContent-Type: multipart/form-data; boundary=xx",
                          "--xx\r\nContent-Disposition: form-data; name=\"dzuuid\"\r\n\r\nu\r\n"
                          "--xx--\r\n")),
            "400 BadRequest");
  EXPECT_EQ(error_of(post(dropzone_fields(file, 0, "u"), "abc")), "400 BadRequest") << "short";
  EXPECT_EQ(error_of(post(dropzone_fields(file, 0, "u"), "abcde")), "400 BadRequest") << "long";
  EXPECT_EQ(dropzone(file, 0, "u").status, 200);
}

// There the form is the whole file, as Panda's clients send it.
TEST_F(FormChunksDialectTest, LeavesFormsAtLocationsToOthers) {
  const std::string path = open(file.size());
  const http::Response whole =
      send("POST " + path + "\nContent-Type: multipart/form-data; boundary=xx", form({}, file));
  EXPECT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.body, R"({"id":"12345"})");
  EXPECT_EQ(stored(path), file);
}

TEST_F(FormChunksDialectTest, AStrangersPageStoresNothing) {
  EXPECT_EQ(error_of(post(dropzone_fields(file, 0, "u"), "abcd", "\nOrigin: http://other.example")),
            "403 Forbidden");
  EXPECT_TRUE(engine.created.empty());
}

}  // namespace
}  // namespace sluice::protocol::formchunks
