// SPDX-License-Identifier: MIT
// The check that may still refuse or change a session that has been found correct.
#pragma once

#include <utility>
#include <variant>

#include "http/exchange.h"
#include "http/message.h"
#include "runtime/task.h"
#include "upload/upload.h"

namespace sluice::protocol {

// The outcome of the proposal: the session to create, or the client's answer instead.
using Verdict = std::variant<upload::NewUpload, http::Response>;

class SessionGate {
 public:
  virtual ~SessionGate() = default;

  // Any worker. A response of 5xx where it could not be found out. `request` and `context` live
  // until this returns.
  virtual runtime::Task<Verdict> ask(upload::NewUpload proposal, const http::Request& request,
                                     const http::RequestContext& context) = 0;
};

// Lets every session in as it is.
class OpenGate final : public SessionGate {
 public:
  runtime::Task<Verdict> ask(upload::NewUpload proposal, const http::Request&,
                             const http::RequestContext&) override {
    co_return std::move(proposal);
  }
};

}  // namespace sluice::protocol
