// SPDX-License-Identifier: MIT
#include "s3/access_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sluice::s3 {
namespace {

TEST(AccessKeysTest, AreThoseOfTheDefaultSection) {
  const auto keys = parse_access_keys(
      "# of the operator\n[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key=x\n"
      "[default]\r\naws_access_key_id = AKIA1\r\n region=eu\naws_secret_access_key = a/b+c=\n");
  EXPECT_EQ(keys, (AccessKeys{"AKIA1", "a/b+c=", ""}));
  const auto temporary = parse_access_keys(
      "[default]\naws_access_key_id=A\naws_secret_access_key=S\naws_session_token=T==\n[x]\n"
      "aws_session_token=of another");
  EXPECT_EQ(temporary, (AccessKeys{"A", "S", "T=="}));
}

TEST(AccessKeysTest, WhatIsMissingIsSaidWithoutAValue) {
  for (const char* text :
       {"", "aws_access_key_id=A\naws_secret_access_key=S3CRET", "[default]\naws_access_key_id=A",
        "[default]\naws_secret_access_key=S3CRET\n#aws_access_key_id=A\n", "[default]\n=\n==\n"}) {
    const auto keys = parse_access_keys(text);
    ASSERT_FALSE(keys) << text;
    EXPECT_TRUE(keys.error().message().contains("[default]"));
    EXPECT_FALSE(keys.error().message().contains("S3CRET"));
  }
}

TEST(AccessKeysTest, OfTheEnvironment) {
  std::map<std::string, std::string> variables{{"AWS_ACCESS_KEY_ID", "A"}};
  const auto find = [&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const auto keys = access_keys_of_environment(find);
  ASSERT_FALSE(keys);
  EXPECT_TRUE(keys.error().message().contains("AWS_SECRET_ACCESS_KEY"));
  variables["AWS_SECRET_ACCESS_KEY"] = "S";
  EXPECT_EQ(access_keys_of_environment(find), (AccessKeys{"A", "S", ""}));
  variables["AWS_SESSION_TOKEN"] = "T";
  EXPECT_EQ(access_keys_of_environment(find), (AccessKeys{"A", "S", "T"}));
}

}  // namespace
}  // namespace sluice::s3
