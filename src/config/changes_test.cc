// SPDX-License-Identifier: MIT
#include "config/changes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/settings.h"

namespace sluice::config {
namespace {

using Keys = std::vector<std::string>;

TEST(Changes, AreNoneBetweenEqualSettings) {
  const Changes changes = changes_to(Config{}, Config{});
  EXPECT_EQ(changes.applied, Keys{});
  EXPECT_EQ(changes.waiting, Keys{});
  EXPECT_EQ(changes.config, Config{});
}

TEST(Changes, TakeOverWhatReloadsAndNameTheRest) {
  Config wanted;
  wanted.limits.file_size = 7;
  wanted.hooks.created = "http://127.0.0.1:1/";
  wanted.data.directory = "/elsewhere";
  const Changes changes = changes_to(Config{}, wanted);
  EXPECT_EQ(changes.applied, (Keys{"limits.file_size", "hooks.created"}));
  EXPECT_EQ(changes.waiting, Keys{"data.directory"});
  Config expected;
  expected.limits.file_size = 7;
  expected.hooks.created = "http://127.0.0.1:1/";
  EXPECT_EQ(changes.config, expected);
}

TEST(Changes, OfCredentialsAreTakenOverWhereTheyStay) {
  Config none;
  Config one;
  one.credentials.emplace_back().owner = "ann";
  Config other;
  other.credentials.emplace_back().owner = "ben";
  Config in_file;
  in_file.auth.file = "/credentials.toml";
  EXPECT_EQ(changes_to(one, other).applied, Keys{"credentials"});
  EXPECT_EQ(changes_to(one, other).config, other);
  EXPECT_EQ(changes_to(none, one).waiting, Keys{"credentials"});
  EXPECT_EQ(changes_to(one, none).waiting, Keys{"credentials"});
  EXPECT_EQ(changes_to(one, none).config, one);
  EXPECT_EQ(changes_to(one, in_file).waiting, (Keys{"auth.file", "credentials"}));
}

// What is the place or the owner of something that is open cannot change.
TEST(Changes, NeverTakeOverWhatTheServerStandsOn) {
  for (const Setting& setting : settings()) {
    const std::string_view key = setting.key;
    if (key.ends_with(".listen") || key.starts_with("data.dir") || key == "backend.kind" ||
        key == "backend.url" || key.starts_with("dialects.")) {
      EXPECT_FALSE(setting.reloads) << key;
    }
  }
}

}  // namespace
}  // namespace sluice::config
