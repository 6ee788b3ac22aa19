// SPDX-License-Identifier: MIT
// What a simulated client sends.
#pragma once

#include <string>

namespace sluice::simulation {

// A request line and fields, a line each, and what stands around the bytes of the file.
struct Words {
  std::string head;
  std::string in_front = {};
  std::string behind = {};
};

}  // namespace sluice::simulation
