// SPDX-License-Identifier: MIT
#include "net/endpoint.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

TEST(Endpoint, IsReadInTheFormsThatPeopleWrite) {
  struct Row {
    const char* text;
    Endpoint endpoint;
    bool loopback;
    const char* canonical;
  };
  const Row rows[] = {
      {"127.0.0.1:8080", {"127.0.0.1", 8080}, true, "127.0.0.1:8080"},
      {"0.0.0.0:0", {"0.0.0.0", 0}, false, "0.0.0.0:0"},
      {"localhost:65535", {"127.0.0.1", 65535}, true, "127.0.0.1:65535"},
      {"[::1]:80", {"::1", 80}, true, "[::1]:80"},
      {"[0:0::1]:80", {"::1", 80}, true, "[::1]:80"},
      {"[::]:80", {"::", 80}, false, "[::]:80"},
      {"unix:/run/a:80", {"", 0, "/run/a:80"}, true, "unix:/run/a:80"},
  };
  for (const Row& row : rows) {
    const Result<Endpoint> parsed = parse_endpoint(row.text);
    ASSERT_TRUE(parsed) << row.text;
    EXPECT_EQ(*parsed, row.endpoint) << row.text;
    EXPECT_EQ(is_loopback(*parsed), row.loopback) << row.text;
    EXPECT_EQ(to_text(*parsed), row.canonical);
  }
}

TEST(Endpoint, HoldsThePathOfASocketThatTheKernelCanHold) {
  const std::string longest = "unix:/" + std::string(106, 'a');
  EXPECT_TRUE(parse_endpoint(longest));
  EXPECT_FALSE(parse_endpoint(longest + "a"));
}

TEST(Endpoint, RefusesEverythingElseInWords) {
  for (const char* text :
       {"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80x", "::1:80", "[127.0.0.1]:80", "[::1]", "example.com:80", "127.1:80",
        " 127.0.0.1:80", "unix:", "unix:/", "unix:run/a", "UNIX:/a"}) {
    const Result<Endpoint> parsed = parse_endpoint(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(
        parsed.error().message().find(
            std::string(text).substr(std::string_view(text).starts_with("unix:") ? 5 : 0) + "\""),
        std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::net
