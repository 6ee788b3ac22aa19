// SPDX-License-Identifier: MIT
#include "cli/url.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(SessionUrl, is_the_base_and_the_path_of_the_api) {
  EXPECT_EQ(session_url("http://127.0.0.1:8080"), "http://127.0.0.1:8080/videos/upload.json");
  EXPECT_EQ(session_url("http://127.0.0.1:8080/"), "http://127.0.0.1:8080/videos/upload.json");
  EXPECT_EQ(session_url("https://host/v2//"), "https://host/v2/videos/upload.json");
  EXPECT_EQ(session_url("https://host/v2?token=1#x"), "https://host/v2/videos/upload.json?token=1");
}

TEST(SessionUrl, is_taken_as_it_is_when_it_names_a_resource) {
  EXPECT_EQ(session_url("https://host/my/upload.json?a=b"), "https://host/my/upload.json?a=b");
}

TEST(SessionUrl, is_http_with_a_host) {
  for (const char* text :
       {"", "host", "host:80", "ftp://host", "file:///etc/passwd", "http://", "http://ho st/"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(session_url(text), std::nullopt);
  }
}

TEST(ResolveUrl, understands_references) {
  EXPECT_EQ(resolve_url("http://one/a/b?c", "http://two/d"), "http://two/d");
  EXPECT_EQ(resolve_url("http://one/a/b?c", "/d?e"), "http://one/d?e");
  EXPECT_EQ(resolve_url("http://one/a/b?c", "//two/d"), "http://two/d");
  EXPECT_EQ(resolve_url("http://one/a", "file:///etc/passwd"), std::nullopt);
}

TEST(ShownOrigin, keeps_the_secret) {
  EXPECT_EQ(shown_origin("http://user:password@host:80/upload?id=secret"), "http://host:80");
  EXPECT_EQ(shown_origin("https://[::1]/upload"), "https://[::1]");
  EXPECT_EQ(shown_origin("nonsense://x"), "an unusable URL");
}

TEST(LosesEncryption, is_a_step_from_https_to_http) {
  EXPECT_TRUE(loses_encryption("https://host/a", "http://host/a"));
  EXPECT_FALSE(loses_encryption("http://host/a", "https://host/a"));
  EXPECT_FALSE(loses_encryption("http://host/a", "http://other/a"));
  EXPECT_FALSE(loses_encryption("https://host/a", "https://other/a"));
}

TEST(IsLoopback, is_this_machine) {
  EXPECT_TRUE(is_loopback("http://127.0.0.1:8080/"));
  EXPECT_TRUE(is_loopback("http://localhost/"));
  EXPECT_TRUE(is_loopback("http://[::1]:1/"));
  EXPECT_FALSE(is_loopback("http://192.168.0.1/"));
  EXPECT_FALSE(is_loopback("http://localhost.example.com/"));
  EXPECT_FALSE(is_loopback("http://127.example.com/"));
}

}  // namespace
}  // namespace sluice::cli
