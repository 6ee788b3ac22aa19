// SPDX-License-Identifier: MIT
// A sender with scripted answers that keeps the requests that it was given.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "outgoing/sender.h"

namespace sluice::testing {

inline outgoing::HttpAnswer answer_of(int status, std::string body = {}) {
  outgoing::HttpAnswer answer;
  answer.status = status;
  answer.body_size = body.size();
  answer.body = std::move(body);
  return answer;
}

class ScriptedSender final : public outgoing::Sender {
 public:
  // A request without a scripted answer gets 200.
  runtime::Task<Result<outgoing::HttpAnswer>> send(outgoing::HttpRequest request) override {
    requests.push_back(std::move(request));
    Result<outgoing::HttpAnswer> answer = answer_of(200);
    if (!answers.empty()) {
      answer = std::move(answers.front());
      answers.pop_front();
    }
    co_return answer;
  }

  std::string body(std::size_t index) const { return *requests.at(index).body->text(); }
  std::string header(std::size_t index, std::string_view name) const {
    return std::string(outgoing::find_header(requests.at(index).headers, name).value_or("-"));
  }

  std::deque<Result<outgoing::HttpAnswer>> answers;
  std::vector<outgoing::HttpRequest> requests;
};

}  // namespace sluice::testing
