// SPDX-License-Identifier: MIT
// The record of hand-offs' outcomes.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "delivery/backend.h"
#include "runtime/task.h"

namespace sluice::delivery {

class Ledger {
 public:
  virtual ~Ledger() = default;

  // An attempt begins.
  virtual void began(const std::string& token) = 0;
  // Durable when it returns.
  virtual runtime::Task<Result<>> failed(std::string token, unsigned attempts,
                                         Timestamp next_attempt_at, std::string reason) = 0;
  // The checks have taken the file.
  virtual runtime::Task<Result<>> cleared(std::string token) = 0;
  // They leave it to the operator: no attempt follows until he wants one.
  virtual runtime::Task<Result<>> set_aside(std::string token, std::string reason) = 0;
  // No further attempt.
  virtual runtime::Task<Result<>> gave_up(std::string token, unsigned attempts,
                                          std::string reason) = 0;
  virtual runtime::Task<Result<>> answered(std::string token, Delivery delivery) = 0;
};

}  // namespace sluice::delivery
