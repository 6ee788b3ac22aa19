// SPDX-License-Identifier: MIT
// Asks the operator's application before a session is created.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "hooks/hook_settings.h"
#include "outgoing/sender.h"
#include "protocol/session_gate.h"

namespace sluice::hooks {

// 2xx lets the session in; a JSON object in the answer may hold "parameters" (an object: added to
// the session's, or put in their place) and "limits" ({"file_size": bytes}, in place of the
// configured one). 4xx refuses: its status and body become the client's answer. Everything else,
// and no answer, is `overloaded`.
class Authorizer final : public protocol::SessionGate {
 public:
  // REQUIRES: settings.authorize. The references outlive the authorizer. Any thread may ask.
  Authorizer(outgoing::Sender& sender, Clock& clock, Log& log, HookSettings settings);

  runtime::Task<Result<protocol::Verdict>> ask(upload::NewUpload proposal,
                                               const http::Request& request,
                                               std::string client_address) override;

 private:
  outgoing::Sender& sender_;
  Clock& clock_;
  Log& log_;
  const HookSettings settings_;
};

// For the client's part of it, without I/O.
std::string question_of(const upload::NewUpload& proposal, const http::Request& request,
                        const std::string& client_address,
                        const std::vector<std::string>& header_names);
// From the application's answer to the verdict. REQUIRES: a status from 200 to 299 or 400 to 499.
Result<protocol::Verdict> verdict_of(upload::NewUpload proposal,
                                     const outgoing::HttpAnswer& answer);

}  // namespace sluice::hooks
