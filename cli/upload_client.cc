// SPDX-License-Identifier: MIT
#include "cli/upload_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::cli {
namespace {

constexpr int handoff_backoff_steps_max = 4;

bool is_success(int status) {
  return status >= 200 && status < 300;
}

// A later attempt may heal it (Client notes: 5xx; 408 says the request took too long).
bool is_retryable(int status) {
  return status >= 500 || status == 408;
}

// The saved session is no longer worth coming back to. With the others a person can change
// something and go on.
bool ends_session(int status) {
  return status != 401 && status != 403 && status != 407 && status != 429;
}

std::string error_name(const Answer& answer) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(answer.body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  const boost::json::value* name = object == nullptr ? nullptr : object->if_contains("error");
  return name == nullptr || !name->is_string() ? "" : std::string(name->get_string());
}

// Only the operator can bring the upload on: a backend that is not asked again by itself, and a
// file for which there never will be room. A gateway's answer with the same status has not the
// name, and a server that may have room later says when.
bool is_decided(const Answer& answer) {
  return (answer.status == 502 && error_name(answer) == "DeliveryFailed") ||
         (answer.status == 507 && !answer.retry_after);
}

std::optional<std::string> location_in_body(const std::string& body) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  const boost::json::value* location =
      object == nullptr ? nullptr : object->if_contains("location");
  if (location == nullptr || !location->is_string()) {
    return std::nullopt;
  }
  return std::string(location->get_string());
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || stop != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

UploadClient::UploadClient(RetryPolicy policy, std::uint64_t file_size, Random random)
    : policy_(policy), file_size_(file_size), random_(std::move(random)) {
  SLUICE_CHECK(policy_.piece_bytes > 0);
}

Step UploadClient::start() {
  location_.clear();
  stored_ = 0;
  stored_best_ = 0;
  asked_ = Asked::session;
  return {.action = CreateSession{}};
}

Step UploadClient::resume(std::string location) {
  SLUICE_CHECK(!location.empty());
  location_ = std::move(location);
  resumed_unconfirmed_ = true;
  return ask_again(Duration{0}, {});
}

Step UploadClient::next(const Reply& reply, Time now) {
  if (const auto* lost = std::get_if<NoAnswer>(&reply)) {
    return lost->permanent ? fail(ExitCode::gave_up, lost->reason)
                           : on_failure(lost->reason, std::nullopt);
  }
  const Answer& answer = std::get<Answer>(reply);
  if (answer.is_applications && answer.status >= 400) {
    return on_refused_file(answer);
  }
  if (is_retryable(answer.status)) {
    return on_server_fault(answer, now);
  }
  if (!is_success(answer.status)) {
    return on_refusal(answer);
  }
  if (asked_ == Asked::session) {
    return on_session(answer);
  }
  resumed_unconfirmed_ = false;
  // The upload may move to another host at any answer; the old URL is of no use to us then.
  if (answer.location && !answer.location->empty()) {
    location_ = *answer.location;
  }
  return answer.status == 204 ? on_incomplete(answer) : on_final(answer);
}

Step UploadClient::on_session(const Answer& answer) {
  std::optional<std::string> location = location_in_body(answer.body);
  if (!location || location->empty()) {
    return fail(ExitCode::refused,
                fmt::format("expected a session with a location, got status {} with {}",
                            answer.status, describe_error(answer)));
  }
  location_ = *std::move(location);
  failures_ = 0;
  return send_next(true);
}

Step UploadClient::on_final(const Answer& answer) {
  // A finished upload answers every piece with 200, so this can be true although the file's end was
  // never sent from here. It can also come from something between us and the server; ask once more.
  if (asked_ == Asked::piece && piece_.end < file_size_) {
    return ask_again(Duration{0}, {});
  }
  stored_ = file_size_;
  return {.action = Finished{answer.body}};
}

Step UploadClient::on_incomplete(const Answer& answer) {
  std::uint64_t stored = 0;
  if (answer.range) {
    const std::optional<std::uint64_t> parsed = parse_stored_range(*answer.range);
    if (!parsed || *parsed > file_size_) {
      return fail(ExitCode::refused,
                  fmt::format("expected a Range like 0-{}, got \"{}\"",
                              file_size_ == 0 ? 0 : file_size_ - 1, printable(*answer.range)));
    }
    stored = *parsed;
  }
  const std::uint64_t best_before = stored_best_;
  const bool asked_by_piece = asked_ == Asked::piece;
  take_acknowledged(stored);
  if (setbacks_ > policy_.retries_max) {
    return fail(ExitCode::gave_up,
                fmt::format("the server lost bytes that it had acknowledged {} times", setbacks_));
  }
  if (stored_ > best_before) {
    return send_next(false);
  }
  // A query acknowledges nothing by itself; it is bounded by the failures that lead to it.
  if (!asked_by_piece) {
    return send_next(true);
  }
  if (++stalls_ >= policy_.stalls_max) {
    return fail(
        ExitCode::gave_up,
        fmt::format("the server acknowledged nothing new in {} answers; it has {} of {} bytes",
                    stalls_, stored_, file_size_));
  }
  Step step = send_next(true);
  step.wait = backoff(stalls_, answer.retry_after);
  return step;
}

void UploadClient::take_acknowledged(std::uint64_t stored) {
  if (stored > stored_best_) {
    failures_ = 0;
    stalls_ = 0;
  } else if (stored < stored_best_) {
    ++setbacks_;
  }
  stored_ = stored;
  stored_best_ = stored;
}

Step UploadClient::on_refusal(const Answer& answer) {
  if (resumed_unconfirmed_ && (answer.status == 404 || answer.status == 410)) {
    resumed_unconfirmed_ = false;
    Step step = start();
    step.note =
        "the server no longer knows the interrupted upload; starting again from the first byte";
    return step;
  }
  const bool dead = asked_ != Asked::session && ends_session(answer.status);
  if (answer.status < 400) {
    return fail(ExitCode::refused,
                fmt::format("status {} leads elsewhere{}; give the server's own URL with --to",
                            answer.status,
                            answer.location ? " (" + printable(*answer.location) + ")" : ""));
  }
  if (answer.status == 409) {
    return fail(ExitCode::refused,
                "the file changed since its upload began: " + describe_error(answer), dead);
  }
  return fail(ExitCode::refused,
              fmt::format("status {}, {}", answer.status, describe_error(answer)), dead);
}

// Every repetition would get this answer again, whatever its status.
Step UploadClient::on_refused_file(const Answer& answer) {
  return fail(ExitCode::file_refused,
              fmt::format("the whole file arrived, and the application behind the server refused "
                          "it: status {}, {}; the same command starts a new upload",
                          answer.status, describe_error(answer)),
              true);
}

Step UploadClient::on_server_fault(const Answer& answer, Time now) {
  std::string reason = fmt::format("status {}, {}", answer.status, describe_error(answer));
  if (is_decided(answer)) {
    return fail(ExitCode::refused, std::move(reason));
  }
  if (!is_handoff(answer)) {
    return on_failure(std::move(reason), answer.retry_after);
  }
  failures_ = 0;
  if (!handoff_since_) {
    handoff_since_ = now;
  }
  if (now - *handoff_since_ >= policy_.handoff_time_max) {
    return fail(ExitCode::gave_up,
                "every byte is stored, but the server has no final answer yet: " + reason);
  }
  // The answer may be there any moment, so the waits stay short.
  handoff_asked_ = std::min(handoff_asked_ + 1, handoff_backoff_steps_max);
  return ask_again(backoff(handoff_asked_, answer.retry_after), std::move(reason));
}

Step UploadClient::on_failure(std::string reason, std::optional<std::chrono::seconds> retry_after) {
  if (++failures_ > policy_.retries_max) {
    return fail(ExitCode::gave_up,
                policy_.retries_max == 0
                    ? reason
                    : fmt::format("{} (after {} retries in a row)", reason, policy_.retries_max));
  }
  return ask_again(backoff(failures_, retry_after), std::move(reason));
}

Step UploadClient::ask_again(Duration wait, std::string reason) {
  Step step{.action = QueryStatus{}, .wait = wait, .retry_note = std::move(reason)};
  if (location_.empty()) {
    asked_ = Asked::session;
    step.action = CreateSession{};
  } else {
    asked_ = Asked::status;
  }
  return step;
}

Step UploadClient::send_next(bool ask_first) {
  asked_ = Asked::piece;
  std::uint64_t begin = stored_;
  // Everything is there but no final answer: the last byte, sent again, asks for it.
  if (begin == file_size_ && file_size_ > 0) {
    begin = file_size_ - 1;
  }
  const std::uint64_t size = std::min(policy_.piece_bytes, file_size_ - begin);
  piece_ = {begin, begin + size};
  return {.action = SendPiece{.range = piece_, .ask_first = ask_first}};
}

Step UploadClient::fail(ExitCode exit_code, std::string message, bool session_dead) {
  return {.action = Failed{exit_code, std::move(message), session_dead}};
}

Duration UploadClient::backoff(int attempt, std::optional<std::chrono::seconds> retry_after) {
  const double delay_ms = std::min(
      static_cast<double>(policy_.delay_max.count()),
      static_cast<double>(policy_.delay_first.count()) * std::exp2(std::min(attempt - 1, 40)));
  const Duration jittered{static_cast<Duration::rep>(delay_ms * random_())};
  const Duration asked = std::min<Duration>(
      std::clamp(retry_after.value_or(std::chrono::seconds{0}), std::chrono::seconds{0},
                 std::chrono::duration_cast<std::chrono::seconds>(policy_.retry_after_max)),
      policy_.retry_after_max);
  return std::max(jittered, asked);
}

// The last byte is all that the server can be waiting for, and it says when to come again: its own
// backend has not answered yet.
bool UploadClient::is_handoff(const Answer& answer) const noexcept {
  return answer.status == 503 && answer.retry_after && asked_ == Asked::piece &&
         piece_.end == file_size_ && piece_.size() <= 1;
}

std::optional<std::uint64_t> parse_stored_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<std::uint64_t> first = parse_number(text.substr(0, dash));
  const std::optional<std::uint64_t> last = parse_number(text.substr(dash + 1));
  if (first != 0U || !last || *last >= limits::file_size_max) {
    return std::nullopt;
  }
  return *last + 1;
}

std::string content_range(ByteRange piece, std::uint64_t file_size) {
  if (piece.empty()) {
    return fmt::format("bytes */{}", file_size);
  }
  return fmt::format("bytes {}-{}/{}", piece.begin, piece.end - 1, file_size);
}

std::string printable(std::string_view text) {
  std::string safe = to_valid_utf8(text);
  std::replace_if(
      safe.begin(), safe.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
  return safe;
}

std::string describe_error(const Answer& answer) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(answer.body, error);
  if (const boost::json::object* object = error ? nullptr : document.if_object()) {
    const boost::json::value* name = object->if_contains("error");
    const boost::json::value* message = object->if_contains("message");
    if (name != nullptr && name->is_string()) {
      std::string text(name->get_string());
      if (message != nullptr && message->is_string()) {
        text += ": " + std::string(message->get_string());
      }
      return printable(text);
    }
  }
  constexpr std::size_t shown_bytes_max = 200;
  const std::string text = printable(std::string_view(answer.body).substr(0, shown_bytes_max));
  return text.empty() ? "an empty body" : text;
}

}  // namespace sluice::cli
