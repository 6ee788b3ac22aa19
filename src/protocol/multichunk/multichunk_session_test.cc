// SPDX-License-Identifier: MIT
#include "protocol/multichunk/multichunk_session.h"

#include <gtest/gtest.h>

#include "support/protocol_fakes.h"

namespace sluice::protocol::multichunk {
namespace {

using testing::RouterFixture;

class MultichunkSession : public RouterFixture {
 protected:
  // With a JSON body, as the SDKs of 3.1 send it.
  http::Response open_with(const std::string& members) {
    return send("POST /flip/3.1/videos/upload.json?factory_id=f\nContent-Type: application/json",
                R"({"file_name":"a.mp4","multi_chunk":true,)" + members + "}");
  }
  const model::Layout& layout() { return *engine.created.back().layout; }
  std::string refusal(const std::string& members) {
    const http::Response response = open_with(members);
    EXPECT_EQ(response.status, 400) << response.body;
    EXPECT_TRUE(engine.created.empty());
    return field(response, "message");
  }
};

TEST_F(MultichunkSession, TellsPartsAsText) {
  const http::Response response =
      open_with(R"("file_size":"45000000","extra_files":[)"
                R"({"tag":"subtitles.index-0","file_name":"s.srt","file_size":1500000},)"
                R"({"tag":"empty","file_name":"e","file_size":"0"}])");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body,
            R"({"id":"1","location":"http://up.example:81/uploads/)" + journal.uploads.at(1).token +
                R"(","parts":"9","part_size":"5242880","max_connections":"8","extra_files":{)"
                R"("subtitles.index-0":{"tag":"subtitles.index-0","name":"s.srt","parts":"1",)"
                R"("part_size":"5242880"},)"
                R"("empty":{"tag":"empty","name":"e","parts":"0","part_size":"5242880"}}})");
  EXPECT_EQ(engine.created.back().file_size, 46'500'000U);
  EXPECT_EQ(layout().main_size, 45'000'000U);
  EXPECT_EQ(journal.uploads.at(1).dialect, asked_in_json);
}

TEST_F(MultichunkSession, ComesFromEveryPlaceOfParameters) {
  const char* const extra =
      "%5B%7B%22tag%22%3A%22t%22%2C%22file_name%22%3A%22n%22%2C"
      "%22file_size%22%3A3%7D%5D";
  settings.part_connections = 3;
  const std::string parameters =
      std::string("file_name=a.mp4&file_size=7&multi_chunk=true&extra_files=") + extra;
  const http::Response by_query = send("POST /v3.0/videos/upload.json?" + parameters);
  const http::Response by_form = send(
      "POST /v3.0/videos/upload.json\nContent-Type: application/x-www-form-urlencoded", parameters);
  for (const http::Response& response : {by_query, by_form}) {
    EXPECT_EQ(response.status, 201) << response.body;
    EXPECT_EQ(field(response, "max_connections"), "3");
    EXPECT_EQ(field(response, "parts"), "1");
  }
  EXPECT_EQ(layout().extra_files[0].range, (ByteRange{7, 10}));
  EXPECT_EQ(journal.uploads.at(2).dialect, asked_in_form);
}

TEST_F(MultichunkSession, TakesNumbersAndTextsOfCarelessWriters) {
  EXPECT_EQ(open_with(R"("file_size":9.0,"extra_files":[)"
                      R"({"tag":"\ud800","file_name":"\udc00","file_size":3e0}])")
                .status,
            201);
  EXPECT_EQ(engine.created.back().file_size, 12U);
  EXPECT_EQ(layout().extra_files[0].tag, "\xEF\xBF\xBD");
  EXPECT_EQ(layout().extra_files[0].file_name, "\xEF\xBF\xBD");
  const std::string in_query =
      "POST /videos/upload.json?file_name=a&file_size=9&multi_chunk=1&extra_files=";
  EXPECT_EQ(send(in_query + "%5B%7B%22tag%22:%22%5Cud800%22,%22file_size%22:3.0%7D%5D").status,
            201);
  EXPECT_EQ(layout().extra_files[0].range, (ByteRange{9, 12}));
}

TEST_F(MultichunkSession, IsOneOnlyWhereItIsAskedFor) {
  for (const char* const wish : {"", "&multi_chunk=false", "&multi_chunk=0", "&multi_chunk="}) {
    const http::Response response =
        send("POST /videos/upload.json?file_name=a&file_size=7" + std::string(wish));
    EXPECT_EQ(field(response, "id"), std::to_string(engine.created.size()));
    EXPECT_EQ(response.body.find("parts"), std::string::npos);
    EXPECT_FALSE(engine.created.back().layout);
  }
  for (const char* const wish : {"true", "True", "1"}) {
    send("POST /videos/upload.json?file_name=a&file_size=7&multi_chunk=" + std::string(wish));
    EXPECT_TRUE(engine.created.back().layout) << wish;
  }
  EXPECT_EQ(error_of(send("POST /videos/upload.json?file_name=a&file_size=7&multi_chunk=maybe")),
            "400 BadRequest");
}

TEST_F(MultichunkSession, OfNoBytesHasNoParts) {
  const http::Response response = open_with(R"("file_size":0,"extra_files":null)");
  EXPECT_EQ(field(response, "parts"), "0");
  EXPECT_EQ(field(response, "extra_files"), "{}");
}

TEST_F(MultichunkSession, SaysWhatIsWrongWithExtraFiles) {
  const char* const wrong[] = {
      R"("file_size":1,"extra_files":{})",
      R"("file_size":1,"extra_files":"[")",
      R"("file_size":1,"extra_files":[1])",
      R"("file_size":1,"extra_files":[{"file_name":"a","file_size":1}])",
      R"("file_size":1,"extra_files":[{"tag":"","file_name":"a","file_size":1}])",
      R"("file_size":1,"extra_files":[{"tag":" a","file_name":"a","file_size":1}])",
      R"("file_size":1,"extra_files":[{"tag":"a\nb","file_name":"a","file_size":1}])",
      R"("file_size":1,"extra_files":[{"tag":"a","file_name":"a"}])",
      R"("file_size":1,"extra_files":[{"tag":"a","file_name":"a","file_size":-1}])",
      R"("file_size":1,"extra_files":[{"tag":"a","file_name":"a","file_size":1.5}])",
      R"("file_size":1,"extra_files":[{"tag":"a","file_name":"a","file_size":"1x"}])",
      R"("file_size":1,"extra_files":[{"tag":"a","file_size":1},{"tag":"a","file_size":1}])",
  };
  for (const char* const members : wrong) {
    EXPECT_TRUE(refusal(members).starts_with("extra_files: expected ")) << members;
  }
}

TEST_F(MultichunkSession, PromisesNoExtraFileThatNobodyTakes) {
  settings.takes_extra_files = false;
  EXPECT_EQ(open_with(R"("file_size":1,"extra_files":[])").status, 201);
  engine.created.clear();
  EXPECT_TRUE(refusal(R"("file_size":1,"extra_files":[{"tag":"a","file_size":1}])")
                  .starts_with("extra_files: expected none"));
}

TEST_F(MultichunkSession, IsBoundedInAllFilesTogether) {
  settings.file_size_max = 100;
  const std::string members = R"("file_size":60,"extra_files":[)"
                              R"({"tag":"a","file_name":"a","file_size":40},)"
                              R"({"tag":"b","file_name":"b","file_size":)";
  EXPECT_EQ(open_with(members + "0}]").status, 201);
  EXPECT_EQ(error_of(open_with(members + "1}]")), "413 FileSizeLimitExceeded");
  EXPECT_EQ(error_of(open_with(members + "18446744073709551615}]")), "413 FileSizeLimitExceeded");
}

TEST_F(MultichunkSession, HasNoSumThatWrapsAround) {
  const std::string extra = R"(,"extra_files":[{"tag":"a","file_name":"a","file_size":)";
  for (const char* const size : {"18437736874454810634", "18446744073709551615", "1"}) {
    const std::string members = R"("file_size":9007199254740992)" + extra + size + "}]";
    EXPECT_EQ(error_of(open_with(members)), "413 FileSizeLimitExceeded") << size;
  }
  EXPECT_EQ(error_of(open_with(R"("file_size":9007199254740993)")), "413 FileSizeLimitExceeded");
  EXPECT_TRUE(engine.created.empty());
}

}  // namespace
}  // namespace sluice::protocol::multichunk
