// SPDX-License-Identifier: MIT
// Asks the operator's application before a session is created.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/changeable.h"
#include "base/clock.h"
#include "base/log.h"
#include "hooks/hook_settings.h"
#include "outgoing/sender.h"
#include "protocol/session_gate.h"

namespace sluice::hooks {

// 2xx lets the session in; a JSON object in the answer may hold "parameters" (an object: added to
// the session's, or put in their place) and "limits" ({"file_size": bytes}, in place of the
// configured one). 4xx refuses: its status and body become the client's answer. An answer about the
// way to the application (HookSettings::trouble, 3xx, 5xx), an unusable or a missing one is no
// verdict: the client gets `overloaded`, with the Retry-After of the application's answer.
class Authorizer final : public protocol::SessionGate {
 public:
  // The references outlive the authorizer. Without settings.authorize every session is let in. Any
  // thread may ask, and change.
  Authorizer(outgoing::Sender& sender, Clock& clock, Log& log, HookSettings settings);

  // For questions that are asked from now on.
  void change(HookSettings settings) { settings_.replace(std::move(settings)); }

  runtime::Task<protocol::Verdict> ask(upload::NewUpload proposal, const http::Request& request,
                                       const http::RequestContext& context) override;

 private:
  protocol::Verdict no_verdict(const http::RequestContext& context, const std::string& reason,
                               std::optional<Duration> retry_after) const;

  outgoing::Sender& sender_;
  Clock& clock_;
  Log& log_;
  Changeable<HookSettings> settings_;
};

// For the client's part of it, without I/O.
std::string question_of(const upload::NewUpload& proposal, const http::Request& request,
                        const std::string& client_address,
                        const std::vector<std::string>& header_names);
// From the application's answer to the verdict. REQUIRES: a status from 200 to 299 or 400 to 499.
Result<protocol::Verdict> verdict_of(upload::NewUpload proposal,
                                     const outgoing::HttpAnswer& answer);

}  // namespace sluice::hooks
