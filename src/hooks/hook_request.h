// SPDX-License-Identifier: MIT
// The form that all requests to hooks share.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "hooks/hook_settings.h"
#include "outgoing/http_request.h"
#include "outgoing/sender.h"
#include "runtime/task.h"

namespace sluice::hooks {

inline constexpr const char* authorize_event = "authorize";

// A POST; add the headers of its own.
outgoing::HttpRequest hook_request(const HookSettings& settings, const outgoing::Target& target,
                                   std::string body, const char* content_type);
// Sends it as a request about `event`, signed where there is a secret, and measures the time. The
// references live until this returns, `event` is a literal.
runtime::Task<Result<outgoing::HttpAnswer>> send_hook(outgoing::Sender& sender,
                                                      outgoing::HttpRequest request,
                                                      const char* event,
                                                      const HookSettings& settings, Timestamp now);

}  // namespace sluice::hooks
