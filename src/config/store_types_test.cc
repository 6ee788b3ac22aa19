// SPDX-License-Identifier: MIT
#include "config/store_types.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::config {
namespace {

TEST(StoreTypesTest, StoreUrl) {
  EXPECT_EQ(StoreUrl::parse(""), "");
  EXPECT_EQ(StoreUrl::parse("s3://films/a"), "s3://films/a");
  const auto refused = StoreUrl::parse("s3:/films");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().starts_with("expected s3://BUCKET"));
  EXPECT_FALSE(refused.error().contains(", not "));
}

TEST(StoreTypesTest, EndpointUrl) {
  for (const char* text : {"", "http://127.0.0.1:7480", "https://s3.example.com", "https://[::1]:1",
                           "https://s3.example.com/"}) {
    EXPECT_EQ(EndpointUrl::parse(text), text);
  }
  for (const char* text : {"s3.example.com", "ftp://a", "https://a/b", "https://a/?x",
                           "unix:/run/s3:/", "https://u@a"}) {
    EXPECT_FALSE(EndpointUrl::parse(text)) << text;
  }
}

TEST(StoreTypesTest, RegionWord) {
  for (const char* text : {"us-east-1", "auto", "default"}) {
    EXPECT_EQ(RegionWord::parse(text), text);
  }
  for (const std::string& text : {std::string(), std::string("EU"), std::string("a b"),
                                  std::string("a/b"), std::string(65, 'a')}) {
    EXPECT_FALSE(RegionWord::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::config
