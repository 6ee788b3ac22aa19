// SPDX-License-Identifier: MIT
#include "outgoing/target.h"

#include <gtest/gtest.h>

namespace sluice::outgoing {
namespace {

TEST(ParseTarget, splits_origin_and_path) {
  const struct {
    const char* text;
    Target target;
  } cases[] = {
      {"http://app:3000/videos", {"http://app:3000", "/videos", ""}},
      {"https://app.example.com", {"https://app.example.com", "/", ""}},
      {"http://[::1]:80?a=1", {"http://[::1]:80", "/?a=1", ""}},
      {"http://app/v/{id}?n={file_name}", {"http://app", "/v/{id}?n={file_name}", ""}},
      {"unix:/run/app.sock:/videos?x", {"http://localhost", "/videos?x", "/run/app.sock"}},
  };
  for (const auto& row : cases) {
    const Result<Target> target = parse_target(row.text);
    ASSERT_TRUE(target) << row.text << ": " << target.error().message();
    EXPECT_EQ(*target, row.target) << row.text;
  }
}

TEST(ParseTarget, refuses_what_it_would_have_to_guess) {
  for (const char* text :
       {"", "app:3000/videos", "ftp://app/", "http://", "http:///videos", "http://me:pw@app/",
        "http://app/#part", "http://app/a b", "http://app/\r\nX: y", "unix:run/app.sock:/v",
        "unix:/run/app.sock", "http://{host}/", "http://app%2e/"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::outgoing
