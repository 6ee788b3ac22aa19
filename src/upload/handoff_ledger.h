// SPDX-License-Identifier: MIT
// Records the outcome of a hand-off in its upload.
#pragma once

#include <string>

#include "delivery/ledger.h"
#include "upload/engine_core.h"

namespace sluice::upload {

class HandoffLedger final : public delivery::Ledger {
 public:
  explicit HandoffLedger(EngineCore& core) : core_(core) {}

  void began(const std::string& token) override;
  runtime::Task<Result<>> failed(std::string token, unsigned attempts, Timestamp next_attempt_at,
                                 std::string reason) override;
  runtime::Task<Result<>> cleared(std::string token) override;
  runtime::Task<Result<>> set_aside(std::string token, std::string reason) override;
  runtime::Task<Result<>> gave_up(std::string token, unsigned attempts,
                                  std::string reason) override;
  runtime::Task<Result<>> answered(std::string token, delivery::Delivery delivery) override;

 private:
  runtime::Task<Result<>> note(std::string token, Event event);

  EngineCore& core_;
};

}  // namespace sluice::upload
