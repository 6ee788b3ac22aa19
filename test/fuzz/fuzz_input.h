// SPDX-License-Identifier: MIT
// An input of libFuzzer's that decides a series of steps.
#pragma once

#include <cstdint>
#include <span>

namespace sluice::testing {

// Gives zeros behind its end.
class FuzzInput {
 public:
  explicit FuzzInput(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t take() {
    if (bytes_.empty()) {
      return 0;
    }
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace sluice::testing
