// SPDX-License-Identifier: MIT
// The operator's commands about the locations of a running server.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/task.h"

namespace sluice::protocol {

// Any worker may call.
class Relocation {
 public:
  virtual ~Relocation() = default;

  // Every later answer has `url` as the base of Location, also after a restart; empty: the
  // configured one again. Durable when this returns. bad_request for what is no base URL.
  virtual runtime::Task<Result<>> move(std::string url) = 0;
};

}  // namespace sluice::protocol
