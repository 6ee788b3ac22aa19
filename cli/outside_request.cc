// SPDX-License-Identifier: MIT
#include "cli/outside_request.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <system_error>
#include <utility>

#include "cli/url.h"

namespace sluice::cli {
namespace {

constexpr std::chrono::seconds answer_time{10};

}  // namespace

std::expected<std::unique_ptr<Wire>, std::string> Requester::connect() const {
  return Wire::open(options_.url, {.ca_file = options_.ca_file});
}

std::string Requester::head(std::string_view method, const std::string& target,
                            const Fields& fields) const {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", method,
                                 target, shown_host(options_.url));
  for (const std::string& field : fields) {
    text += field + "\r\n";
  }
  return text + "\r\n";
}

Conversation Requester::exchange(std::string_view method, const std::string& target, Fields fields,
                                 std::string_view body) const {
  Conversation conversation;
  const auto wire = connect();
  if (!wire) {
    conversation.trouble = wire.error();
    return conversation;
  }
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    fields.push_back(fmt::format("Content-Length: {}", body.size()));
  }
  const auto deadline = std::chrono::steady_clock::now() + answer_time;
  const auto sent = (*wire)->send(head(method, target, fields) + std::string(body), deadline);
  while (!conversation.answer) {
    std::expected<WireAnswer, std::string> answer = (*wire)->read(method != "HEAD", deadline);
    if (!answer) {
      // What could not be sent was perhaps answered before: that counts more.
      conversation.trouble = sent ? answer.error() : sent.error();
      return conversation;
    }
    if (answer->is_interim()) {
      conversation.interims.push_back(*std::move(answer));
    } else {
      conversation.answer = *std::move(answer);
    }
  }
  return conversation;
}

std::string Requester::target_of(std::string_view path) const {
  std::string target = request_target(options_.url);
  target.resize(target.find('?') == std::string::npos ? target.size() : target.find('?'));
  while (target.ends_with('/')) {
    target.pop_back();
  }
  return target + std::string(path);
}

bool is_of_sluice(const WireAnswer& answer) {
  std::error_code error;
  const boost::json::value document = boost::json::parse(answer.body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  return object != nullptr && object->contains("error") && object->contains("message");
}

std::string described(const Conversation& conversation) {
  if (!conversation.answer) {
    return conversation.trouble;
  }
  const WireAnswer& answer = *conversation.answer;
  if (is_of_sluice(answer)) {
    return fmt::format("{} from Sluice: {}", answer.status, answer.body);
  }
  const std::optional<std::string> name = answer.field("Server");
  return name ? fmt::format("{} from \"{}\"", answer.status, *name)
              : fmt::format("{} from a server that names itself not", answer.status);
}

}  // namespace sluice::cli
