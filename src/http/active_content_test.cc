// SPDX-License-Identifier: MIT
#include "http/active_content.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(PassiveMediaType, LeavesWhatNoBrowserRuns) {
  for (const char* type :
       {"application/json", "application/json; charset=utf-8", "application/problem+json",
        "text/plain", "text/plain; charset=iso-8859-1", "text/csv", "application/octet-stream",
        "image/png", "video/mp4", "application/x-www-form-urlencoded", "application/zip",
        "application/pdf", "text/css"}) {
    EXPECT_EQ(passive_media_type(type), type);
  }
}

TEST(PassiveMediaType, TurnsWhatABrowserRunsIntoText) {
  for (const char* type :
       {"text/html", "TEXT/HTML", " text/html ;charset=utf-8", "application/xhtml+xml", "text/xml",
        "application/xml; charset=utf-8", "image/svg+xml", "application/rss+xml", "text/javascript",
        "application/javascript", "application/x-javascript", "text/ecmascript", "text/vbscript",
        "multipart/x-mixed-replace; boundary=b", "application/x-shockwave-flash"}) {
    EXPECT_EQ(passive_media_type(type), "text/plain; charset=utf-8") << type;
  }
}

TEST(PassiveMediaType, TurnsWhatIsNoMediaTypeIntoText) {
  for (const char* type : {"", "html", "text/", "/html", "text/html, x", "text /html", "*"}) {
    EXPECT_EQ(passive_media_type(type), "text/plain; charset=utf-8") << type;
  }
}

}  // namespace
}  // namespace sluice::http
