// SPDX-License-Identifier: MIT
// Pages about the server itself.
#pragma once

#include "http/message.h"
#include "runtime/task.h"

namespace sluice::protocol {

class ServicePages {
 public:
  virtual ~ServicePages() = default;

  // 200 while the process answers.
  virtual runtime::Task<http::Response> healthz() = 0;
  // 200 while uploads can be taken, else 503 with the reasons.
  virtual runtime::Task<http::Response> readyz() = 0;
  // Prometheus text.
  virtual runtime::Task<http::Response> metrics() = 0;
};

}  // namespace sluice::protocol
