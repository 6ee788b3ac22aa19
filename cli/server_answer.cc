// SPDX-License-Identifier: MIT
#include "cli/server_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/encoding.h"

namespace sluice::cli {
namespace {

// The saved session is no longer worth coming back to. With the others a person can change
// something and go on.
bool ends_session(int status) {
  return status != 401 && status != 403 && status != 407 && status != 429;
}

// Only the operator can bring the upload on: a backend that is not asked again by itself, and a
// file for which there never will be room. A gateway's answer with the same status has not the
// name, and a server that may have room later says when.
bool is_decided(const Answer& answer) {
  return (answer.status == 502 && text_in(answer.body, "error") == "DeliveryFailed") ||
         (answer.status == 507 && !answer.retry_after);
}

std::string meaning_of(const Answer& answer) {
  if (answer.status < 400) {
    return fmt::format("status {} leads elsewhere{}; give the server's own URL with --to",
                       answer.status,
                       answer.location ? " (" + printable(*answer.location) + ")" : "");
  }
  if (answer.status == 409) {
    return "the file changed since its upload began: " + describe_error(answer);
  }
  return fmt::format("status {}, {}", answer.status, describe_error(answer));
}

}  // namespace

bool is_retryable(const Answer& answer) {
  return answer.status >= 500 || answer.status == 408 ||
         (answer.status == 400 && text_in(answer.body, "error") == "DigestMismatch");
}

bool wants_sha256(std::string_view preferences) {
  constexpr std::string_view wanted = "sha-256=";
  while (!preferences.empty()) {
    const std::string_view item = preferences.substr(0, preferences.find(','));
    preferences.remove_prefix(std::min(item.size() + 1, preferences.size()));
    const std::string_view member = trimmed(item);
    if (member.starts_with(wanted) && !member.substr(wanted.size()).starts_with('0')) {
      return true;
    }
  }
  return false;
}

bool is_handoff(const Answer& answer, bool brings_the_rest) {
  return answer.status == 503 && answer.retry_after &&
         (brings_the_rest || text_in(answer.body, "error") == "DeliveryPending");
}

std::optional<Failed> final_refusal(const Answer& answer, bool in_session) {
  // Every repetition would get this answer again, whatever its status.
  if (answer.is_applications && answer.status >= 400) {
    return Failed{
        ExitCode::file_refused,
        fmt::format("the whole file arrived, and the application behind the server refused it: "
                    "status {}, {}; the same command starts a new upload",
                    answer.status, describe_error(answer)),
        true};
  }
  if (is_retryable(answer)) {
    return is_decided(answer) ? std::optional(Failed{ExitCode::refused, meaning_of(answer)})
                              : std::nullopt;
  }
  if (is_success(answer.status)) {
    return std::nullopt;
  }
  const bool leads_elsewhere = answer.status < 400;
  return Failed{ExitCode::refused, meaning_of(answer),
                in_session && !leads_elsewhere && ends_session(answer.status)};
}

std::optional<std::string> text_in(const std::string& body, std::string_view name) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  const boost::json::value* value = object == nullptr ? nullptr : object->if_contains(name);
  if (value == nullptr || !value->is_string()) {
    return std::nullopt;
  }
  return std::string(value->get_string());
}

std::string printable(std::string_view text) {
  std::string safe = to_valid_utf8(text);
  std::replace_if(
      safe.begin(), safe.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return safe;
}

std::string describe_error(const Answer& answer) {
  if (const std::optional<std::string> name = text_in(answer.body, "error")) {
    const std::optional<std::string> message = text_in(answer.body, "message");
    return printable(message ? *name + ": " + *message : *name);
  }
  constexpr std::size_t shown_bytes_max = 200;
  const std::string text = printable(std::string_view(answer.body).substr(0, shown_bytes_max));
  return text.empty() ? "an empty body" : text;
}

}  // namespace sluice::cli
