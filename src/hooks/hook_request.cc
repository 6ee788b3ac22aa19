// SPDX-License-Identifier: MIT
#include "hooks/hook_request.h"

#include <memory>
#include <utility>

#include "base/limits.h"
#include "outgoing/body.h"
#include "outgoing/signature.h"

namespace sluice::hooks {

outgoing::HttpRequest hook_request(const HookSettings& settings, const outgoing::Target& target,
                                   std::string body, const char* content_type) {
  outgoing::HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.headers.emplace_back("Content-Type", content_type);
  request.body = std::make_shared<outgoing::TextBody>(std::move(body));
  request.deadlines = {settings.timeout, settings.timeout, settings.timeout};
  request.ca_file = settings.ca_file;
  request.answer_bytes_inline_max = limits::hook_answer_bytes_max;
  request.answer_bytes_max = limits::hook_answer_bytes_max;
  return request;
}

void sign_hook(outgoing::HttpRequest& request, const HookSettings& settings, Timestamp now) {
  if (!settings.secret.empty()) {
    outgoing::sign(request, settings.secret, now);
  }
}

}  // namespace sluice::hooks
