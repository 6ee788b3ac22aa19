// SPDX-License-Identifier: MIT
// The form that all requests to hooks share.
#pragma once

#include <string>

#include "base/clock.h"
#include "hooks/hook_settings.h"
#include "outgoing/http_request.h"

namespace sluice::hooks {

// A POST; add the headers of its own, then sign_hook().
outgoing::HttpRequest hook_request(const HookSettings& settings, const outgoing::Target& target,
                                   std::string body, const char* content_type);
// Signs all that is there, where there is a secret.
void sign_hook(outgoing::HttpRequest& request, const HookSettings& settings, Timestamp now);

}  // namespace sluice::hooks
