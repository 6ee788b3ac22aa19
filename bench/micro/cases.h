// SPDX-License-Identifier: MIT
// Work that costs the same number of instructions every time, and so can be compared exactly.
#pragma once

#include <span>

namespace sluice::bench {

struct Case {
  const char* name;
  void (*run)();  // Once; ends the program when the result is not the expected one.
};

std::span<const Case> cases();

}  // namespace sluice::bench
