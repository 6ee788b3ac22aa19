// SPDX-License-Identifier: MIT
// Invariants: what must hold whatever a client, a disk or an operator does. On in every build.
#pragma once

namespace sluice {

// Says on standard error what was broken, and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace sluice

#define SLUICE_CHECK(condition)                               \
  do {                                                        \
    if (!(condition)) [[unlikely]] {                          \
      ::sluice::check_failed(#condition, __FILE__, __LINE__); \
    }                                                         \
  } while (false)
