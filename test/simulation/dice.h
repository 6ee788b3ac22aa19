// SPDX-License-Identifier: MIT
// All random decisions of a simulated run: the same seed gives the same run.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "base/check.h"

namespace sluice::simulation {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  // In [0, count).
  std::uint64_t below(std::uint64_t count) {
    SLUICE_CHECK(count > 0);
    return engine_() % count;
  }
  // In [least, most].
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + below(most - least + 1);
  }
  bool chance(double probability) {
    return static_cast<double>(engine_() >> 11U) * 0x1p-53 < probability;
  }
  std::string bytes(std::uint64_t count) {
    std::string bytes(static_cast<std::size_t>(count), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(between(1, 255));
    }
    return bytes;
  }

 private:
  std::mt19937_64 engine_;
};

// The process that is simulated. Once it has died its calls have no effect, and its answers reach
// no client.
struct Process {
  bool alive = true;
};

}  // namespace sluice::simulation
