// SPDX-License-Identifier: MIT
// The interface for requests to other servers.
#pragma once

#include "outgoing/http_request.h"
#include "runtime/task.h"

namespace sluice::outgoing {

class Sender {
 public:
  virtual ~Sender() = default;

  // delivery_failed: there was no whole answer, and whether the other side acted is unknown. Errors
  // of body and sink are passed on. overloaded: too many requests. draining: the program ends.
  virtual runtime::Task<Result<HttpAnswer>> send(HttpRequest request) = 0;
};

}  // namespace sluice::outgoing
