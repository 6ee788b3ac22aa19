// SPDX-License-Identifier: MIT
// Who may still refuse or change a session that has been found correct.
#pragma once

#include <string>
#include <variant>

#include "base/error.h"
#include "http/message.h"
#include "runtime/task.h"
#include "upload/upload.h"

namespace sluice::protocol {

// What became of the proposal: the session to create, or what its client is told instead.
using Verdict = std::variant<upload::NewUpload, http::Response>;

class SessionGate {
 public:
  virtual ~SessionGate() = default;

  // Any worker. An error when nobody could say. `request` lives until this returns.
  virtual runtime::Task<Result<Verdict>> ask(upload::NewUpload proposal,
                                             const http::Request& request,
                                             std::string client_address) = 0;
};

// Lets every session in as it is.
class OpenGate final : public SessionGate {
 public:
  runtime::Task<Result<Verdict>> ask(upload::NewUpload proposal, const http::Request&,
                                     std::string) override {
    co_return Verdict(std::move(proposal));
  }
};

}  // namespace sluice::protocol
