// SPDX-License-Identifier: MIT
#include "model/type_rules.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

TEST(TypeRules, TakeWhatIsAllowedAndNotDenied) {
  struct Case {
    TypeRules rules;
    const char* type;
    bool is_taken;
  };
  const std::vector<std::string> none;
  const std::vector<Case> cases{
      {{none, none}, "video/mp4", true},
      {{none, none}, "anything", true},
      {{{"video/*"}, none}, "video/mp4", true},
      {{{"video/*"}, none}, "video", false},
      {{{"video/*"}, none}, "videos/mp4", false},
      {{{"video/*"}, none}, "image/png", false},
      {{{"video/mp4", "image/png"}, none}, "image/png", true},
      {{{"video/mp4"}, none}, "video/mp4v", false},
      {{{"video/*"}, {"video/x-flv"}}, "video/x-flv", false},
      {{{"video/x-flv"}, {"video/*"}}, "video/x-flv", false},
      {{none, {"application/x-executable"}}, "application/x-executable", false},
      {{none, {"application/x-executable"}}, "text/plain", true},
      {{none, {"*/*"}}, "text/plain", false},
      {{{"*/*"}, none}, "text/plain", true},
      {{{"*/*"}, none}, "", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.rules.take(c.type), c.is_taken) << c.type;
  }
  EXPECT_FALSE(TypeRules().are_any());
  EXPECT_TRUE((TypeRules{none, {"a/b"}}).are_any());
}

TEST(TypeRules, OfAnOwnerAllowInPlaceOfThoseOfAllAndDenyBesideThem) {
  const TypeRules all{{"video/*"}, {"video/x-flv"}};
  EXPECT_EQ(rules_of_owner(all, {}), all);
  EXPECT_EQ(rules_of_owner({}, all), all);
  EXPECT_EQ(rules_of_owner(all, {{"image/*", "*/*"}, {}}),
            (TypeRules{{"image/*", "*/*"}, {"video/x-flv"}}));
  EXPECT_EQ(rules_of_owner(all, {{}, {"video/mp4"}}),
            (TypeRules{{"video/*"}, {"video/x-flv", "video/mp4"}}));
}

TEST(TypeRules, ArePatternsOfMimeTypes) {
  for (const char* pattern : {"*/*", "video/*", "video/mp4", "application/vnd.ms-excel", "a/b+c"}) {
    EXPECT_TRUE(is_type_pattern(pattern)) << pattern;
  }
  for (const char* wrong : {"", "video", "video/", "/mp4", "*/mp4", "video/m*", "Video/mp4",
                            "a/b/c", "a b/c", "a/*b"}) {
    EXPECT_FALSE(is_type_pattern(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace sluice::model
