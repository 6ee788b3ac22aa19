// SPDX-License-Identifier: MIT
#include "cli/upload_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace sluice::cli {
namespace {

Step refuse(std::string message) {
  return {.action = Failed{ExitCode::refused, std::move(message)}};
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

UploadClient::UploadClient(const RetryPolicy& policy, std::optional<std::uint64_t> file_size,
                           Random random)
    : policy_(policy), file_size_(file_size), retries_(policy, std::move(random)) {
  SLUICE_CHECK(policy_.piece_bytes > 0);
}

Step UploadClient::start() {
  location_.clear();
  stored_ = 0;
  stored_best_ = 0;
  compared_ = RangeSet();
  asked_ = Asked::session;
  return {.action = CreateSession{}};
}

Step UploadClient::resume(std::string location, const std::optional<PartLayout>& parts) {
  SLUICE_CHECK(!location.empty());
  location_ = std::move(location);
  if (parts) {
    return {.action = SendParts{*parts}};
  }
  resumed_unconfirmed_ = true;
  return ask_again(Duration{0}, {});
}

Step UploadClient::start_again() {
  resumed_unconfirmed_ = false;
  Step step = start();
  step.note =
      "the server no longer knows the interrupted upload; starting again from the first byte";
  return step;
}

Step UploadClient::next(const Reply& reply, Time now) {
  if (const auto* lost = std::get_if<NoAnswer>(&reply)) {
    return lost->permanent
               ? Step{.action = Failed{ExitCode::gave_up, lost->reason}}
               : ask_again(retries_.after_failure(lost->reason, std::nullopt), lost->reason);
  }
  const Answer& answer = std::get<Answer>(reply);
  wants_digest_ = wants_digest_ || answer.wants_digest;
  if (resumed_unconfirmed_ && is_unknown(answer)) {
    return start_again();
  }
  if (std::optional<Failed> refusal = final_refusal(answer, asked_ != Asked::session)) {
    return {.action = *std::move(refusal)};
  }
  if (is_retryable(answer)) {
    return on_server_fault(answer, now);
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
  std::optional<std::string> location = text_in(answer.body, "location");
  if (!location || location->empty()) {
    return refuse(fmt::format("expected a session with a location, got status {} with {}",
                              answer.status, describe_error(answer)));
  }
  location_ = *std::move(location);
  retries_.progressed();
  if (file_size_) {
    const auto layout = layout_in(answer.body, *file_size_);
    if (!layout) {
      return refuse(layout.error());
    }
    if (*layout) {
      return {.action = SendParts{**layout, wants_digest_}};
    }
  }
  return send_next(true);
}

Step UploadClient::on_final(const Answer& answer) {
  // A finished upload answers every piece with 200, so this can be true although the file's end was
  // never sent from here. It can also come from something between us and the server; ask once more.
  if (asked_ == Asked::piece && piece_.end != file_size_) {
    return ask_again(Duration{0}, {});
  }
  if (!file_size_) {
    return refuse(fmt::format("status {} ends an upload that has not come to its end, with {}",
                              answer.status, describe_error(answer)));
  }
  stored_ = *file_size_;
  take_compared(stored_);
  return {.action = Finished{answer.body, compared_.total()}};
}

Step UploadClient::on_incomplete(const Answer& answer) {
  std::uint64_t stored = 0;
  if (answer.range) {
    const std::uint64_t stored_max = file_size_.value_or(sent_end_);
    const std::optional<std::uint64_t> parsed = parse_stored_range(*answer.range);
    if (!parsed || *parsed > stored_max) {
      return refuse(fmt::format("expected a Range like 0-{}, got \"{}\"",
                                stored_max == 0 ? 0 : stored_max - 1, printable(*answer.range)));
    }
    stored = *parsed;
  }
  const std::uint64_t best_before = stored_best_;
  const bool asked_by_piece = asked_ == Asked::piece;
  take_acknowledged(stored);
  take_compared(stored);
  if (setbacks_ > policy_.retries_max) {
    return {.action = Failed{
                ExitCode::gave_up,
                fmt::format("the server lost bytes that it had acknowledged {} times", setbacks_)}};
  }
  if (stored_ > best_before) {
    return send_next(false);
  }
  // A query acknowledges nothing by itself; it is bounded by the failures that lead to it.
  if (!asked_by_piece) {
    return send_next(true);
  }
  if (++stalls_ >= policy_.stalls_max) {
    return {
        .action = Failed{
            ExitCode::gave_up,
            fmt::format("the server acknowledged nothing new in {} answers; it has {} bytes{}",
                        stalls_, stored_, file_size_ ? fmt::format(" of {}", *file_size_) : "")}};
  }
  Step step = send_next(true);
  step.wait = retries_.backoff(stalls_, answer.retry_after);
  return step;
}

void UploadClient::take_acknowledged(std::uint64_t stored) {
  if (stored > stored_best_) {
    retries_.progressed();
    stalls_ = 0;
  } else if (stored < stored_best_) {
    ++setbacks_;
    compared_.remove({stored, stored_best_});
  }
  stored_ = stored;
  stored_best_ = stored;
}

void UploadClient::take_compared(std::uint64_t until) {
  if (asked_ == Asked::piece && has_digest_ && piece_.begin < until) {
    compared_.add({piece_.begin, std::min(piece_.end, until)});
  }
}

Step UploadClient::on_server_fault(const Answer& answer, Time now) {
  const std::string reason = fmt::format("status {}, {}", answer.status, describe_error(answer));
  const bool is_pending =
      asked_ == Asked::piece && piece_.end == file_size_ && is_handoff(answer, piece_.size() <= 1);
  if (is_pending) {
    take_compared(piece_.end);
  }
  return ask_again(is_pending ? retries_.after_handoff(reason, answer.retry_after, now)
                              : retries_.after_failure(reason, answer.retry_after),
                   reason);
}

Step UploadClient::ask_again(std::variant<Duration, Failed> wait, std::string reason) {
  if (auto* failed = std::get_if<Failed>(&wait)) {
    return {.action = std::move(*failed)};
  }
  Step step{
      .action = QueryStatus{}, .wait = std::get<Duration>(wait), .retry_note = std::move(reason)};
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
  if (begin == file_size_ && begin > 0) {
    begin -= 1;
  }
  const std::uint64_t left = file_size_.value_or(limits::file_size_max) - begin;
  piece_ = {begin, begin + std::min(policy_.piece_bytes, left)};
  ask_first_ = ask_first;
  has_digest_ = wants_digest_ && !piece_.empty();
  return {.action = SendPiece{piece_, ask_first_, has_digest_}};
}

SendPiece UploadClient::limit_piece(std::uint64_t available, bool ended) {
  if (ended) {
    file_size_ = available;
  }
  piece_.end = std::min(piece_.end, available);
  SLUICE_CHECK(piece_.begin <= piece_.end);
  sent_end_ = std::max(sent_end_, piece_.end);
  has_digest_ = has_digest_ && !piece_.empty();
  return {piece_, ask_first_, has_digest_};
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

std::string content_range(ByteRange piece, std::optional<std::uint64_t> file_size) {
  const std::string size = file_size ? fmt::format("{}", *file_size) : "*";
  return piece.empty() ? "bytes */" + size
                       : fmt::format("bytes {}-{}/{}", piece.begin, piece.end - 1, size);
}

}  // namespace sluice::cli
