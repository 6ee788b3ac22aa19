// SPDX-License-Identifier: MIT
#include "config/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {
namespace {

TEST(Settings, FollowTheRulesOfTheirNames) {
  std::set<std::string_view> keys;
  std::set<std::string_view> variables;
  for (const Setting& setting : settings()) {
    std::string expected =
        "SLUICE_" + std::string(setting.flag.empty() ? setting.key : setting.flag.substr(2));
    std::ranges::transform(expected, expected.begin(), [](char c) {
      return c == '.' || c == '-' ? '_'
                                  : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
    EXPECT_EQ(setting.environment, expected);
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_TRUE(variables.insert(setting.environment).second) << setting.environment;
    EXPECT_TRUE(setting.help.ends_with('.')) << setting.key;
  }
}

TEST(Settings, OfferTheFlagsOfTheCommandLine) {
  std::vector<std::string_view> names;
  std::ranges::transform(flags(), std::back_inserter(names), &FlagInfo::flag);
  EXPECT_EQ(names, (std::vector<std::string_view>{"--listen", "--public-url", "--open", "--data",
                                                  "--force", "--journal", "--store", "--backend",
                                                  "--backend-kind"}));
  for (const FlagInfo& flag : flags()) {
    EXPECT_EQ(flag.value_name.empty(), flag.flag == "--open" || flag.flag == "--force");
  }
}

}  // namespace
}  // namespace sluice::config
