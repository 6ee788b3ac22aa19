// SPDX-License-Identifier: MIT
#include "protocol/path.h"

#include <gtest/gtest.h>

namespace sluice::protocol {
namespace {

TEST(Path, SplitsAndDecodesSegments) {
  EXPECT_EQ(*parse_path("/videos/upload.json"), (Segments{"videos", "upload.json"}));
  EXPECT_EQ(*parse_path("//videos///upload.json/"), (Segments{"videos", "upload.json"}));
  EXPECT_EQ(*parse_path("/a%2Fb/%41"), (Segments{"a/b", "A"}));
  EXPECT_EQ(*parse_path("/a/../b"), (Segments{"a", "..", "b"}));
  EXPECT_EQ(*parse_path("/a+b"), (Segments{"a+b"}));
  EXPECT_EQ(*parse_path("/"), Segments{});
}

TEST(Path, RefusesBrokenEscapes) {
  for (const char* path : {"/%", "/a/%4", "/%zz", "/a%4/b"}) {
    const Result<Segments> segments = parse_path(path);
    ASSERT_FALSE(segments) << path;
    EXPECT_EQ(segments.error().code(), Errc::bad_request);
  }
}

TEST(Path, StripsTheVersionsThatClientsSend) {
  struct Case {
    const char* path;
    Segments rest;
    bool found;
    bool is_3_1;
  };
  for (const Case& c : {Case{"/v2/videos.json", {"videos.json"}, true, false},
                        Case{"/v2//videos.json", {"videos.json"}, true, false},
                        Case{"/v3.0/videos.json", {"videos.json"}, true, false},
                        Case{"/v3.1/videos.json", {"videos.json"}, true, true},
                        Case{"/api/v3.1/videos.json", {"videos.json"}, true, true},
                        Case{"/flip/3.1/videos.json", {"videos.json"}, true, true},
                        Case{"/api/flip/3.1/videos.json", {"videos.json"}, true, true},
                        Case{"/videos.json", {"videos.json"}, false, false},
                        Case{"/api/videos.json", {"api", "videos.json"}, false, false},
                        Case{"/v4/videos.json", {"v4", "videos.json"}, false, false},
                        Case{"/v2/v2/videos.json", {"v2", "videos.json"}, true, false},
                        Case{"/v2", {"v2"}, false, false}}) {
    Segments segments = *parse_path(c.path);
    const VersionPrefix version = strip_version(segments);
    EXPECT_EQ(segments, c.rest) << c.path;
    EXPECT_EQ(version.found, c.found) << c.path;
    EXPECT_EQ(version.is_3_1, c.is_3_1) << c.path;
  }
}

TEST(PathPattern, CapturesWhatStandsForThePlaceholder) {
  const PathPattern pattern("/videos/{}.json");
  EXPECT_EQ(pattern.match({"videos", "7.json"}), "7");
  EXPECT_EQ(pattern.match({"videos", "a.json.json"}), "a.json");
  EXPECT_EQ(pattern.match({"videos", ".json"}), std::nullopt);
  EXPECT_EQ(pattern.match({"videos", "7.xml"}), std::nullopt);
  EXPECT_EQ(pattern.match({"videos"}), std::nullopt);
  EXPECT_EQ(pattern.match({"videos", "7.json", "x"}), std::nullopt);
  EXPECT_EQ(PathPattern("/a/b").match({"a", "b"}), "");
}

}  // namespace
}  // namespace sluice::protocol
