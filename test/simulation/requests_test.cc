// SPDX-License-Identifier: MIT
#include "simulation/requests.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/range_set.h"
#include "simulation/form_requests.h"

namespace sluice::simulation {
namespace {

using http::Method;

struct Said {
  const char* dialect;
  Method method;
  int status;
  std::vector<http::Header> fields;
  std::string body = {};
  std::optional<std::uint64_t> offset = {};
  bool is_done = false;
  bool brings_answer = false;
  std::optional<std::vector<std::uint64_t>> missing_parts = {};
};

// Of a file of 9 bytes.
const std::vector<Said> answers{
    {"panda", Method::put, 204, {{"Range", "0-3"}}, "", 4, false, true},
    {"panda", Method::put, 200, {{"Range", "0-8"}}, "", 9, true, true},
    {"panda", Method::get, 200, {}, R"({"received":4,"state":"receiving"})", 4},
    {"panda", Method::get, 200, {}, R"({"received":9,"state":"delivered"})", 9, true},
    {"panda", Method::get, 200, {}, R"({"missing_parts":[1,2]})", {}, false, false, {{1, 2}}},
    {"multichunk", Method::put, 200, {}},
    {"range308", Method::put, 308, {{"Range", "bytes=0-3"}}, "", 4, false, true},
    {"range308", Method::put, 308, {}, "", {}, false, true},
    {"range308", Method::put, 201, {}, "", {}, true, true},
    {"tus", Method::head, 200, {{"Upload-Offset", "8"}}, "", 8},
    {"tus", Method::patch, 204, {{"Upload-Offset", "9"}}, "", 9, true},
    {"tus", Method::patch, 409, {{"Upload-Offset", "4"}}, "", 4},
    {"rufh", Method::head, 204, {{"Upload-Offset", "8"}, {"Upload-Complete", "?0"}}, "", 8},
    {"rufh", Method::head, 204, {{"Upload-Offset", "8"}, {"Upload-Complete", "?1"}}, "", 8, true},
    {"rufh", Method::head, 204, {{"Upload-Incomplete", "?0"}}, "", {}, true},
    {"rufh", Method::patch, 201, {{"Upload-Offset", "9"}}, "", 9, true, true},
    {"rufh", Method::patch, 400, {{"Upload-Complete", "?1"}}},
    {"formchunks", Method::post, 200, {}},
    {"filepond", Method::patch, 204, {{"Upload-Offset", "8"}}},
    {"filepond", Method::patch, 204, {{"Upload-Offset", "9"}}, "", {}, true},
    {"filepond", Method::head, 200, {{"Upload-Offset", "8"}}, "", 8},
};

TEST(Requests, AreAnsweredInTheWordsOfEachDialect) {
  for (const Said& said : answers) {
    http::Response response;
    response.status = said.status;
    response.body = said.body;
    for (const http::Header& field : said.fields) {
      response.headers.add(field.name, field.value);
    }
    SCOPED_TRACE(std::string(said.dialect) + " " + std::to_string(said.status) + " " + said.body);
    const Told told = told_by(said.dialect, said.method, response, 9);
    EXPECT_EQ(told.offset, said.offset);
    EXPECT_EQ(told.is_done, said.is_done);
    EXPECT_EQ(told.brings_answer, said.brings_answer);
    EXPECT_EQ(told.missing_parts, said.missing_parts);
    EXPECT_FALSE(told.answer);
    response.headers.add("Sluice-Answer", "backend");
    response.status = 422;
    const Told refused = told_by(said.dialect, said.method, response, 9);
    EXPECT_TRUE(refused.answer && refused.answer->status == 422 &&
                refused.answer->body == said.body);
  }
}

TEST(Requests, FineUploaderIsToldOfSuccessAlone) {
  http::Response response;
  response.body = R"({"success":true})";
  response.headers.add("Sluice-Answer", "backend");
  const Told told = told_by("formchunks", Method::post, response, 9);
  EXPECT_TRUE(told.is_done);
  EXPECT_FALSE(told.answer || told.brings_answer);
}

TEST(FormFile, EveryUploaderSendsAllBytes) {
  for (std::size_t uploader = 0; uploader < form_uploaders().size(); ++uploader) {
    for (const std::uint64_t size : {0U, 1U, 9U, 10U, 11U, 19U, 20U}) {
      const FormFile file{"a.mp4", size, 10, uploader};
      SCOPED_TRACE(file.uploader_name() + std::string(" ") + std::to_string(size));
      RangeSet sent;
      for (std::uint64_t index = 0; index < file.chunk_count(); ++index) {
        const ByteRange chunk = file.chunk(index);
        EXPECT_EQ(chunk.begin, sent.prefix());
        EXPECT_TRUE(size == 0 || file.index_at(chunk.begin) == index);
        sent.add(chunk);
      }
      EXPECT_EQ(sent.prefix(), size);
    }
  }
}

}  // namespace
}  // namespace sluice::simulation
