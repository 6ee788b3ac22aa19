// SPDX-License-Identifier: MIT
#include "base/changeable.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace sluice {
namespace {

struct Pair {
  std::string left;
  std::string right;
};

TEST(Changeable, IsSeenAsAWholeByReadersOnOtherThreads) {
  Changeable<Pair> pair(Pair{"a", "a"});
  std::thread writer([&pair] {
    for (int i = 0; i < 100; ++i) {
      pair.replace({std::string(20, static_cast<char>('a' + i % 26)),
                    std::string(20, static_cast<char>('a' + i % 26))});
    }
  });
  int torn = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Pair& seen = *pair;
    torn += seen.left == seen.right ? 0 : 1;
  }
  writer.join();
  EXPECT_EQ(torn, 0);
}

TEST(Changeable, WhatWasReadBeforeAChangeStays) {
  Changeable<std::string> text(std::string("before"));
  const std::string& before = *text;
  text.replace("after");
  EXPECT_EQ(before, "before");
  EXPECT_EQ(*text, "after");
}

TEST(Changeable, ACopyHasThePresentValueAndItsOwnChanges) {
  Changeable<int> first(1);
  first = 2;
  Changeable<int> second(first);
  second = 3;
  EXPECT_EQ(*first, 2);
  EXPECT_EQ(*second, 3);
}

}  // namespace
}  // namespace sluice
