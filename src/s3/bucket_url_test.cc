// SPDX-License-Identifier: MIT
#include "s3/bucket_url.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::s3 {
namespace {

TEST(BucketUrlTest, Reads) {
  EXPECT_EQ(parse_bucket_url("s3://films"), (BucketUrl{"films", ""}));
  EXPECT_EQ(parse_bucket_url("s3://films/"), (BucketUrl{"films", ""}));
  EXPECT_EQ(parse_bucket_url("s3://my.films-1/a/B_c"), (BucketUrl{"my.films-1", "a/B_c"}));
}

TEST(BucketUrlTest, RefusesInWords) {
  const std::string long_prefix(1000, 'a');
  for (const std::string& text :
       {std::string(""), std::string("s3:"), std::string("s3://"), std::string("s3://ab"),
        std::string("s3://Films"), std::string("s3://-films"), std::string("s3://films."),
        std::string("s3://films//a"), std::string("s3://films/a/"), std::string("s3://films/a//b"),
        std::string("s3://films/a b"), std::string("s3://films/a%20b"),
        std::string("s3://films/\n"), std::string("https://films/a"), "s3://films/" + long_prefix,
        "s3://" + std::string(64, 'a')}) {
    const Result<BucketUrl> url = parse_bucket_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code(), Errc::internal);
    EXPECT_TRUE(url.error().message().starts_with("expected s3://BUCKET")) << text;
  }
}

}  // namespace
}  // namespace sluice::s3
