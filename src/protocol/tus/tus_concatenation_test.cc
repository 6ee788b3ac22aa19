// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "protocol/tus/tus_dialect.h"
#include "support/tus_fixture.h"

namespace sluice::protocol::tus {
namespace {

class TusConcatenationTest : public testing::TusFixture {
 protected:
  std::string partial(const std::string& bytes) {
    const std::string path = create(bytes.size(), "\nUpload-Concat: partial");
    if (!bytes.empty()) {
      EXPECT_EQ(told(patch(path, 0, bytes)), "204 " + std::to_string(bytes.size()));
    }
    return path;
  }
  http::Response concatenate(const std::string& urls, const std::string& fields = {}) {
    return tus("POST /files\nUpload-Concat: final;" + urls + fields);
  }
};

TEST_F(TusConcatenationTest, APartialUploadIsNoFile) {
  const std::string path = partial("abc");
  EXPECT_EQ(told(tus("HEAD " + path)), "200 3");
  EXPECT_EQ(header(last.response, "Upload-Concat"), "partial");
  EXPECT_EQ(header(last.response, "Upload-Length"), "3");
  EXPECT_EQ(told(patch(path, 3, "")), "204 3");
  EXPECT_EQ(told(patch(path, 2, "c")), "409 3");
  EXPECT_EQ(patch(path, 3, "d").status, 413);
  EXPECT_EQ(told(tus("HEAD " + partial(""))), "200 0");
  EXPECT_EQ(deliveries, 0);
  EXPECT_EQ(tus("DELETE " + path).status, 204);
  EXPECT_EQ(concatenate(path).status, 404);
}

TEST_F(TusConcatenationTest, APartialUploadMayComeWithItsCreation) {
  const http::Response created =
      tus("POST /files\nUpload-Length: 3\nUpload-Concat: partial"
          "\nContent-Type: application/offset+octet-stream",
          "abc");
  EXPECT_EQ(told(created), "201 3");
  EXPECT_EQ(deliveries, 0);
}

TEST_F(TusConcatenationTest, MakesAFileOnce) {
  const std::string urls = "http://elsewhere" + partial("abc") + " " + partial("defgh");
  const http::Response made = concatenate(urls, "\nUpload-Metadata: filename YQ==");
  EXPECT_EQ(told(made), "201 8");
  EXPECT_EQ(delivered_bytes, "abcdefgh");
  EXPECT_EQ(engine.created.back().file_name, "a");
  const http::Response again = concatenate(urls);
  EXPECT_EQ(told(again), "201 8");
  EXPECT_EQ(header(again, "Location"), header(made, "Location"));
  EXPECT_EQ(deliveries, 1);
  EXPECT_EQ(engine.created.size(), 3U);
  const http::Response head = tus("HEAD " + path_in(made));
  EXPECT_EQ(told(head), "200 8");
  EXPECT_EQ(header(head, "Upload-Concat"), "final;" + urls);
  EXPECT_EQ(header(head, "Upload-Length"), "8");
}

TEST_F(TusConcatenationTest, AnotherOrderIsAnotherFile) {
  const std::string a = partial("a");
  const std::string b = partial("b");
  const std::string first = header(concatenate(a + " " + b), "Location");
  EXPECT_EQ(delivered_bytes, "ab");
  EXPECT_NE(header(concatenate(b + " " + a), "Location"), first);
  EXPECT_EQ(delivered_bytes, "ba");
  EXPECT_EQ(deliveries, 2);
}

TEST_F(TusConcatenationTest, AFinalTakesNoBytes) {
  answers_at_once = false;
  const http::Response waited = concatenate(partial("abc"));
  EXPECT_EQ(told(waited), "503 (none)");
  const std::string path = path_in(waited);
  EXPECT_EQ(told(tus("HEAD " + path)), "200 (none)") << "it is not made yet";
  EXPECT_EQ(patch(path, 2, "c").status, 403);
  answer_now(token_of(path));
  EXPECT_EQ(told(tus("HEAD " + path)), "200 3");
  EXPECT_EQ(patch(path, 3, "").status, 403);
}

TEST_F(TusConcatenationTest, ARefusedFinalIsNoSuccess) {
  refuse_file();
  const std::string urls = partial("abc");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(told(concatenate(urls)), "422 (none)");
  }
  EXPECT_EQ(told(tus("HEAD " + path_in(last.response))), "200 (none)");
  EXPECT_EQ(deliveries, 1);
}

TEST_F(TusConcatenationTest, RefusesWhatCannotBeAFinal) {
  const std::string abc = partial("abc");
  const std::string whole = create(3);
  EXPECT_EQ(concatenate(abc + " " + whole).status, 400);
  EXPECT_EQ(concatenate(abc, "\nUpload-Length: 3").status, 400);
  EXPECT_EQ(concatenate(abc, "\nUpload-Defer-Length: 1").status, 400);
  EXPECT_EQ(concatenate("/uploads/" + std::string(43, 'x')).status, 404);
  EXPECT_EQ(concatenate("").status, 400);
  EXPECT_EQ(engine.created.size(), 2U);
}

// concatenation-unfinished
TEST_F(TusConcatenationTest, MakesAFileOfPartialUploadsThatAreNotComplete) {
  const std::string urls = create(3, "\nUpload-Concat: partial") + " " + partial("def");
  const http::Response made = concatenate(urls);
  EXPECT_EQ(told(made), "201 (none)");
  const std::string path = path_in(made);
  EXPECT_EQ(header(concatenate(urls), "Location"), header(made, "Location"));
  EXPECT_EQ(told(tus("HEAD " + path)), "200 (none)");
  EXPECT_EQ(header(last.response, "Upload-Length"), "6");
  EXPECT_EQ(header(last.response, "Upload-Concat"), "final;" + urls);
  EXPECT_EQ(patch(path, 0, "abc").status, 403);
  patch(urls.substr(0, urls.find(' ')), 0, "abc");
  EXPECT_EQ(told(concatenate(urls)), "201 6");
  EXPECT_EQ(told(tus("HEAD " + path)), "200 6");
  EXPECT_EQ(delivered_bytes, "abcdef");
  EXPECT_EQ(deliveries, 1);
}

TEST_F(TusConcatenationTest, TellsNoSizeThatIsNotKnown) {
  const http::Response partial = tus("POST /files\nUpload-Defer-Length: 1\nUpload-Concat: partial");
  const http::Response made = concatenate(path_in(partial));
  EXPECT_EQ(told(made), "201 (none)");
  EXPECT_EQ(header(made, "Upload-Length"), "(none)");
  EXPECT_EQ(header(made, "Upload-Defer-Length"), "(none)");
  patch(path_in(partial), 0, "abc", "\nUpload-Length: 3");
  EXPECT_EQ(told(concatenate(path_in(partial))), "201 3");
}

TEST_F(TusConcatenationTest, APartialUploadThatEndsEndsTheFile) {
  const std::string unfinished = create(3, "\nUpload-Concat: partial");
  const std::string path = path_in(concatenate(unfinished));
  EXPECT_EQ(tus("DELETE " + unfinished).status, 204);
  tus("HEAD " + unfinished);
  const http::Response ended = tus("HEAD " + path);
  EXPECT_EQ(told(ended), "410 (none)");
  EXPECT_EQ(ended.body, "a partial upload of this file was aborted or has expired\n");
  EXPECT_EQ(concatenate(unfinished).status, 404);
}

TEST_F(TusConcatenationTest, AFileOfNothing) {
  EXPECT_EQ(told(concatenate(partial("") + " " + partial(""))), "201 0");
  EXPECT_EQ(told(tus("HEAD " + path_in(last.response))), "200 0");
  EXPECT_EQ(deliveries, 1);
}

}  // namespace
}  // namespace sluice::protocol::tus
