// SPDX-License-Identifier: MIT
#include "pages/page_routes.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "support/protocol_fakes.h"

namespace sluice::pages {
namespace {

constexpr std::array files{
    PageFile{"/", "text/html; charset=utf-8", "a1", "<!doctype html>", ""},
    PageFile{"/assets/index-Xy.js", "text/javascript", "b2", "let a;let a;let a;", "zipped"},
};

class PageRoutesTest : public testing::RouterFixture {
 protected:
  std::vector<protocol::Route> more_routes() override {
    return page_routes(has_pages ? files : std::span<const PageFile>(),
                       {.files_path = "/u/p", .file_size_max = [] { return std::uint64_t{17}; }});
  }

  bool has_pages = true;
};

TEST_F(PageRoutesTest, TheRootIsThePage) {
  const http::Response page = send("GET /");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<!doctype html>");
  EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(header(page, "ETag"), "\"a1\"");
  EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
  EXPECT_EQ(send("HEAD /").status, 200);
}

TEST_F(PageRoutesTest, ThePolicyAllowsNothingButThisOrigin) {
  for (const char* const path : {"GET /", "GET /assets/index-Xy.js"}) {
    const std::string policy = header(send(path), "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "))
        << policy;
    EXPECT_TRUE(policy.ends_with("frame-ancestors 'none'")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("http"), std::string::npos) << policy;
  }
}

TEST_F(PageRoutesTest, WhatThePageNeedsIsKeptForEver) {
  const http::Response script = send("GET /assets/index-Xy.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.body, "let a;let a;let a;");
  EXPECT_EQ(header(script, "Content-Encoding"), "(none)");
  EXPECT_EQ(header(script, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(script, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(PageRoutesTest, IsCompressedForThoseWhoSayThatTheyCanReadIt) {
  struct Case {
    const char* field;
    bool is_gzip;
  };
  for (const Case& c : {Case{"gzip", true}, Case{"br, GZip;q=0.5", true}, Case{"gzip;q=1", true},
                        Case{"gzip;q=0", false}, Case{"gzip; q=0.000", false}, Case{"br", false},
                        Case{"*", false}, Case{"xgzip", false}, Case{"", false}}) {
    const std::string fields = std::string("\nAccept-Encoding: ") + c.field;
    const http::Response script = send("GET /assets/index-Xy.js" + fields);
    EXPECT_EQ(script.body, c.is_gzip ? "zipped" : "let a;let a;let a;") << c.field;
    EXPECT_EQ(header(script, "Content-Encoding"), c.is_gzip ? "gzip" : "(none)") << c.field;
    EXPECT_EQ(header(script, "ETag"), c.is_gzip ? "\"b2-gzip\"" : "\"b2\"") << c.field;
    EXPECT_EQ(header(send("GET /" + fields), "Content-Encoding"), "(none)");
  }
}

TEST_F(PageRoutesTest, IsNotSentAgainToThoseWhoHaveIt) {
  const http::Response known = send("GET /\nIf-None-Match: \"x\", W/\"a1\"");
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(header(known, "ETag"), "\"a1\"");
  EXPECT_EQ(header(known, "Cache-Control"), "no-cache");
  EXPECT_EQ(send("GET /\nIf-None-Match: \"a2\"").status, 200);
  const std::string script = "GET /assets/index-Xy.js\nAccept-Encoding: gzip\nIf-None-Match: ";
  EXPECT_EQ(send(script + "\"b2-gzip\"").status, 304);
  EXPECT_EQ(send(script + "\"b2\"").status, 200);
}

TEST_F(PageRoutesTest, IsSentWholeWhereARangeIsAskedFor) {
  EXPECT_EQ(send("GET /\nRange: bytes=0-2").body, "<!doctype html>");
  EXPECT_EQ(send("GET /\nRange: bytes=900-").status, 200);
}

TEST_F(PageRoutesTest, TellsThePageWhereUploadsAreOpened) {
  const http::Response told = send("GET /page.json");
  EXPECT_EQ(told.body, R"({"files_path":"/u/p","file_size_max":17})");
  EXPECT_EQ(header(told, "Cache-Control"), "no-store");
}

TEST_F(PageRoutesTest, HasNothingElse) {
  for (const char* const path : {"/assets/index-Xz.js", "/assets/", "/assets/a/index-Xy.js",
                                 "/assets/..%2f", "/index.html", "/v2/"}) {
    EXPECT_EQ(send("GET " + std::string(path)).status, 404) << path;
  }
}

TEST_F(PageRoutesTest, CanOnlyBeRead) {
  for (const char* const method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const http::Response refused = send(method + std::string(" /"));
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(header(refused, "Allow"), "GET, HEAD, OPTIONS");
  }
}

TEST_F(PageRoutesTest, AProgramWithoutPagesHasNoneOfThePaths) {
  has_pages = false;
  for (const char* const path : {"GET /", "GET /assets/index-Xy.js", "GET /page.json"}) {
    EXPECT_EQ(send(path).status, 404) << path;
  }
}

}  // namespace
}  // namespace sluice::pages
