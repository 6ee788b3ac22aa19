// SPDX-License-Identifier: MIT
#include "hooks/hook_request.h"

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "outgoing/body.h"
#include "outgoing/signature.h"
#include "outgoing/trouble.h"

namespace sluice::hooks {
namespace {

// A refusal is what `authorize` is asked for; the others are told, and have nothing to refuse.
const char* outcome_of(const Result<outgoing::HttpAnswer>& answer, std::string_view event,
                       const HookSettings& settings) {
  const bool is_answered = answer && !outgoing::is_trouble(answer->status, settings.trouble) &&
                           (answer->status < 300 || event == authorize_event);
  return is_answered ? "answered" : "failed";
}

}  // namespace

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

runtime::Task<Result<outgoing::HttpAnswer>> send_hook(outgoing::Sender& sender,
                                                      outgoing::HttpRequest request,
                                                      const char* event,
                                                      const HookSettings& settings, Timestamp now) {
  request.headers.emplace_back("X-Sluice-Event", event);
  if (!settings.secret.empty()) {
    outgoing::sign(request, settings.secret, now);
  }
  const auto begin = std::chrono::steady_clock::now();
  Result<outgoing::HttpAnswer> answer = co_await sender.send(std::move(request));
  if (settings.seconds != nullptr) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    settings.seconds->observe(event, outcome_of(answer, event, settings), spent.count());
  }
  co_return answer;
}

}  // namespace sluice::hooks
