// SPDX-License-Identifier: MIT
#include "protocol/rufh/creation_request.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace sluice::protocol::rufh {
namespace {

constexpr std::uint64_t most = 1000;

struct Sent {
  std::uint64_t version = 10;
  std::vector<http::Header> fields = {};
  std::optional<std::uint64_t> content = 0;  // Unset: chunked.
  std::string query = {};
};

Result<CreationRequest> parse(const Sent& sent) {
  http::Request request;
  request.query = sent.query;
  request.framing = sent.content ? http::Framing::length : http::Framing::chunked;
  request.content_length = sent.content.value_or(0);
  request.headers.add("Upload-Draft-Interop-Version", std::to_string(sent.version));
  for (const http::Header& field : sent.fields) {
    request.headers.add(field.name, field.value);
  }
  const Result<Parameters> query = Parameters::from_query(request);
  RufhFields fields = parse_version(request.headers, rufh_newest);
  EXPECT_TRUE(parse_state(request.headers, fields));
  return parse_creation(request, *query, fields, most);
}

const http::Header more_comes{"Upload-Complete", "?0"};
const http::Header all_of_it{"Upload-Complete", "?1"};

http::Header length(const char* digits) {
  return {"Upload-Length", digits};
}

TEST(RufhCreationRequest, KnowsTheSizeWhereTheHeadTellsIt) {
  struct Case {
    Sent sent;
    std::optional<std::uint64_t> size;
    bool is_plain;
    bool ends_file;
  };
  const std::optional<std::uint64_t> chunked;
  for (const Case& c : {
           Case{{10, {all_of_it}, 5}, 5, false, true},
           Case{{10, {all_of_it, length("5")}, 5}, 5, false, true},
           Case{{10, {all_of_it}, chunked}, {}, false, true},
           Case{{10, {all_of_it, length("5")}, chunked}, 5, false, true},
           Case{{10, {more_comes}, 5}, {}, false, false},
           Case{{10, {more_comes, length("5")}, 5}, 5, false, false},
           Case{{10, {more_comes, length("9")}, 5}, 9, false, false},
           Case{{10, {more_comes, length("0")}, 0}, 0, false, false},
           Case{{6, {more_comes, length("0")}, 0}, 0, false, true},
           Case{{6, {more_comes}, 0}, {}, false, false},
           Case{{10, {}, 5}, 5, true, true},
           Case{{10, {}, chunked}, {}, true, true},
           Case{{11, {all_of_it}, 5}, 5, true, true},
       }) {
    const Result<CreationRequest> request = parse(c.sent);
    ASSERT_TRUE(request) << request.error().message();
    EXPECT_EQ(request->upload.file_size, c.size);
    EXPECT_EQ(request->is_plain, c.is_plain);
    EXPECT_EQ(request->ends_file, c.ends_file);
    EXPECT_EQ(request->upload.dialect, "rufh");
  }
}

TEST(RufhCreationRequest, RefusesSizesThatCannotBe) {
  struct Case {
    Sent sent;
    Errc code;
  };
  for (const Case& c : {
           Case{{10, {all_of_it, length("6")}, 5}, Errc::size_mismatch},
           Case{{10, {all_of_it, length("4")}, 5}, Errc::size_mismatch},
           Case{{10, {more_comes, length("4")}, 5}, Errc::size_mismatch},
           Case{{10, {more_comes, length("1001")}, 0}, Errc::file_too_large},
           Case{{10, {all_of_it, length("1")}, 1001}, Errc::file_too_large},
           Case{{10, {}, 1001}, Errc::file_too_large},
           Case{{11, {more_comes}, 5}, Errc::bad_request},
       }) {
    const Result<CreationRequest> request = parse(c.sent);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code(), c.code) << request.error().message();
  }
}

TEST(RufhCreationRequest, TakesTheNameFromTheQueryOrTheDisposition) {
  struct Case {
    const char* disposition;
    const char* query;
    const char* name;
  };
  for (const Case& c : {
           Case{"", "", "upload"},
           Case{"attachment", "", "upload"},
           Case{"attachment; filename=\"a b.mp4\"", "", "a b.mp4"},
           Case{"attachment; filename=plain.txt", "", "plain.txt"},
           Case{"attachment; filename=\"x\"; filename*=UTF-8''%E2%82%AC.txt", "",
                "\xE2\x82\xAC.txt"},
           Case{"attachment; filename=\"x\"; filename*=UTF-8''%ZZ", "", "x"},
           Case{"attachment; filename=\"\xFF\"", "", "\xEF\xBF\xBD"},
           Case{"attachment; filename=\"../../etc/passwd\"", "", "../../etc/passwd"},
           Case{"attachment; filename=\"x\"", "file_name=signed.mp4", "signed.mp4"},
           Case{";;;=\"", "", "upload"},
       }) {
    const Result<CreationRequest> request =
        parse({10, {all_of_it, {"Content-Disposition", c.disposition}}, 5, c.query});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->upload.file_name, c.name) << c.disposition;
  }
  const std::string longest(limits::file_name_bytes_max + 1, 'x');
  EXPECT_FALSE(parse({10, {all_of_it, {"Content-Disposition", "a; filename=" + longest}}, 5}));
}

TEST(RufhCreationRequest, TakesTheTypeOfTheFileAndNotOfTheRequest) {
  struct Case {
    const char* content_type;
    const char* query;
    const char* type;
  };
  for (const Case& c : {
           Case{"video/mp4", "", "video/mp4"},
           Case{"text/plain; charset=utf-8", "", "text/plain; charset=utf-8"},
           Case{"application/partial-upload", "", ""},
           Case{"Application/Partial-Upload;a=b", "", ""},
           Case{"application/x-www-form-urlencoded", "", ""},
           Case{"application/partial-upload", "content_type=video%2Fmp4", "video/mp4"},
           Case{"text/plain", "content_type=video%2Fmp4", "video/mp4"},
           Case{"", "", ""},
       }) {
    const Result<CreationRequest> request =
        parse({10, {all_of_it, {"Content-Type", c.content_type}}, 5, c.query});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->upload.content_type, c.type) << c.content_type;
  }
  const Result<CreationRequest> form =
      parse({10, {{"Content-Type", "multipart/form-data; boundary=x"}}, 5});
  ASSERT_FALSE(form);
  EXPECT_EQ(form.error().code(), Errc::unsupported_media_type);
}

// Each chunk would be a file, and its client told of success.
TEST(RufhCreationRequest, APartOfAFileIsNoFile) {
  const Result<CreationRequest> part = parse({10, {{"Content-Range", "bytes 0-4/9"}}, 5});
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().code(), Errc::bad_request);
  EXPECT_TRUE(parse({10, {{"Content-Range", "bytes 0-4/5"}}, 5}));
  EXPECT_TRUE(parse({10, {more_comes, {"Content-Range", "bytes 0-4/9"}}, 5}))
      << "it says in the draft's own words that more comes";
}

TEST(RufhCreationRequest, KeepsTheParametersOfTheQuery) {
  const Result<CreationRequest> request =
      parse({10, {all_of_it}, 5, "payload=p&signature=s&token=t&file_name=a&access_key=k"});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->upload.parameters, R"({"payload":"p","access_key":"k"})");
}

}  // namespace
}  // namespace sluice::protocol::rufh
