// SPDX-License-Identifier: MIT
#include "config/nearest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::config {
namespace {

TEST(EditDistance, CountsTheSmallestNumberOfEdits) {
  struct Case {
    const char* left;
    const char* right;
    std::size_t distance;
  };
  for (const Case& c :
       {Case{"", "", 0}, Case{"", "abc", 3}, Case{"abc", "", 3}, Case{"abc", "abc", 0},
        Case{"abc", "abd", 1}, Case{"abc", "ab", 1}, Case{"abc", "xabc", 1},
        Case{"lsiten", "listen", 1}, Case{"kitten", "sitting", 3}, Case{"ABC", "abc", 0},
        Case{"ca", "abc", 3}}) {
    EXPECT_EQ(edit_distance(c.left, c.right), c.distance) << c.left << " " << c.right;
  }
}

TEST(EditDistance, DoesNotGrowWithHugeNames) {
  EXPECT_LE(edit_distance(std::string(1 << 20, 'x'), "listen"), 1000U);
}

TEST(NearestName, PrefersWhatWasProbablyMeant) {
  constexpr std::array<std::string_view, 4> names{"server.listen", "server.open", "log.level",
                                                  "log.format"};
  EXPECT_EQ(nearest_name("server.lisen", names), "server.listen");
  EXPECT_EQ(nearest_name("sever.listen", names), "server.listen");
  EXPECT_EQ(nearest_name("listen", names), "server.listen");
  EXPECT_EQ(nearest_name("server.level", names), "log.level");
  EXPECT_EQ(nearest_name("log.fromat", names), "log.format");
  constexpr std::array<std::string_view, 2> same_last_word{"timeouts.idle", "expiry.idle"};
  EXPECT_EQ(nearest_name("expiri.idle", same_last_word), "expiry.idle");
}

}  // namespace
}  // namespace sluice::config
