// SPDX-License-Identifier: MIT
#include "store/objects/extent_names.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::store::objects {
namespace {

TEST(ExtentNames, NoNameIsGivenTwiceAlsoByAnotherProcess) {
  ExtentNames one("");
  ExtentNames other("");
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    names.insert(one.next(1, {0, 9}));
    names.insert(other.next(1, {0, 9}));
  }
  EXPECT_EQ(names.size(), 200U);
}

TEST(ExtentNames, HaveTheFormOfTheirDescription) {
  ExtentNames names("a/b");
  EXPECT_EQ(names.prefix_of(0x1ab), "a/b/e/ab/427/");
  EXPECT_EQ(ExtentNames("").prefix_of(256), "e/00/256/");
  const std::string name = names.next(0x1ab, {5, 10});
  EXPECT_TRUE(name.starts_with("a/b/e/ab/427/"));
  EXPECT_TRUE(name.ends_with("-1-5-10"));
  EXPECT_EQ(name.find_first_not_of("0123456789abcdef", 13), 13U + 20) << "80 bits";
  EXPECT_TRUE(names.next(0x1ab, {5, 10}).ends_with("-2-5-10"));
}

}  // namespace
}  // namespace sluice::store::objects
