// SPDX-License-Identifier: MIT
#include "protocol/origins.h"

#include <gtest/gtest.h>

namespace sluice::protocol {
namespace {

Origins parsed(std::string_view text) {
  const Result<Origins> origins = Origins::parse(text);
  EXPECT_TRUE(origins) << text << ": " << (origins ? "" : origins.error().message());
  return origins ? *origins : Origins();
}

TEST(Origins, EmptyAllowsNone) {
  EXPECT_TRUE(Origins().allows_none());
  EXPECT_TRUE(parsed("").allows_none());
  EXPECT_FALSE(parsed("").allows("https://app.example.com"));
  EXPECT_FALSE(parsed("").allows("null"));
}

TEST(Origins, AStarAllowsAll) {
  for (const char* text : {"*", " * ", "https://a.example, *"}) {
    EXPECT_TRUE(parsed(text).allows_all()) << text;
    EXPECT_FALSE(parsed(text).allows_none()) << text;
    EXPECT_TRUE(parsed(text).allows("null")) << text;
  }
}

TEST(Origins, AllowsWhatAPatternSays) {
  struct Case {
    const char* patterns;
    const char* origin;
    bool allowed;
  };
  for (const Case& c : {
           Case{"https://app.example.com", "https://app.example.com", true},
           Case{"https://App.Example.com", "https://app.example.com", true},
           Case{"https://app.example.com:443", "https://app.example.com", true},
           Case{"https://app.example.com", "https://app.example.com:443", true},
           Case{"http://localhost:3000", "http://localhost:3000", true},
           Case{"http://localhost:*", "http://localhost:3000", true},
           Case{"http://localhost:*", "http://localhost", true},
           Case{"http://[::1]:3000", "http://[::1]:3000", true},
           Case{"http://[::1]", "http://[::1]", true},
           Case{"https://a.example,https://b.example", "https://b.example", true},
           Case{"https://*.example.com", "https://app.example.com", true},
           Case{"https://*.example.com", "https://a.b.example.com", true},
           Case{"null", "null", true},
           Case{"app://obsidian.md", "app://obsidian.md", true},
           Case{"https://app.example.com", "http://app.example.com", false},
           Case{"https://app.example.com", "https://app.example.com:8443", false},
           Case{"https://app.example.com", "https://app.example.com.evil.example", false},
           Case{"https://app.example.com", "https://app.example.com/", false},
           Case{"https://app.example.com", "https://app_example.com", false},
           Case{"https://*.example.com", "https://example.com", false},
           Case{"https://*.example.com", "https://.example.com", false},
           Case{"https://*.example.com", "https://evilexample.com", false},
           Case{"https://*.example.com", "https://evil.example/.example.com", false},
           Case{"https://*.example.com", "https://evil.example\r\nX: .example.com", false},
           Case{"https://*.example.com", "https://user@app.example.com", false},
           Case{"http://localhost:*", "http://localhost:*", false},
           Case{"https://a.example", "null", false},
           Case{"null", "https://null", false},
           Case{"https://a.example", "", false},
       }) {
    EXPECT_EQ(parsed(c.patterns).allows(c.origin), c.allowed) << c.patterns << " " << c.origin;
  }
}

TEST(Origins, ReadsBackFromItsText) {
  const Origins origins = parsed(" https://a.example, null ");
  EXPECT_EQ(origins.text(), "https://a.example, null");
  EXPECT_EQ(parsed(origins.text()), origins);
}

TEST(Origins, ListsDomainsForFlash) {
  using Domains = std::vector<std::string>;
  EXPECT_EQ(parsed("*").domains(), Domains{"*"});
  EXPECT_EQ(parsed("").domains(), Domains());
  EXPECT_EQ(parsed("https://a.example:8443, null, http://*.b.example").domains(),
            (Domains{"a.example", "*.b.example"}));
}

TEST(Origins, RefusesWhatIsNoOrigin) {
  for (const char* text :
       {"app.example.com", "https://", "https://app.example.com/", "https://app.example.com/a",
        "https://*", "https://a*.example.com", "https://app.*.com", "https://*.", "https://a:b",
        "https://a:", "https://a b", "https://a,,https://b", ",", "*.example.com", "://a",
        "https://u@a", "https://a?b", "https://[::1"}) {
    const Result<Origins> origins = Origins::parse(text);
    if (origins) {
      ADD_FAILURE() << text;
      continue;
    }
    EXPECT_NE(origins.error().message().find("got \""), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace sluice::protocol
