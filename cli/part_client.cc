// SPDX-License-Identifier: MIT
#include "cli/part_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

namespace sluice::cli {
namespace {

// Numbers of parts; nullopt: the body is no status of a multi-chunk session. A finished one may
// leave the list out.
std::optional<std::vector<std::uint64_t>> missing_in(const std::string& body) {
  boost::system::error_code error;
  const boost::json::value document = boost::json::parse(body, error);
  const boost::json::object* object = error ? nullptr : document.if_object();
  if (object == nullptr) {
    return std::nullopt;
  }
  std::vector<std::uint64_t> numbers;
  const boost::json::value* missing = object->if_contains("missing_parts");
  if (missing == nullptr) {
    return object->contains("media_id") ? std::optional(numbers) : std::nullopt;
  }
  if (!missing->is_array()) {
    return std::nullopt;
  }
  for (const boost::json::value& item : missing->get_array()) {
    boost::system::error_code no_number;
    numbers.push_back(item.to_number<std::uint64_t>(no_number));
    if (no_number) {
      return std::nullopt;
    }
  }
  return numbers;
}

std::string reason_of(const Answer& answer) {
  return fmt::format("status {}, {}", answer.status, describe_error(answer));
}

}  // namespace

PartClient::PartClient(const RetryPolicy& policy, const PartLayout& layout, bool wants_digests,
                       Retries::Random random)
    : layout_(layout),
      asked_max_(policy.retries_max + 1),
      retries_(policy, std::move(random)),
      parts_(layout.count(), State::missing),
      wants_digests_(wants_digests) {}

std::optional<Part> PartClient::take() {
  while (first_missing_ < parts_.size() && parts_[first_missing_] != State::missing) {
    ++first_missing_;
  }
  if (is_doubted_ || first_missing_ == parts_.size()) {
    return std::nullopt;
  }
  const std::uint64_t index = first_missing_;
  set(index, State::on_its_way);
  return Part{index, layout_.range(index), retries_.failures_in_row(), sends_digests()};
}

PartClient::PartStep PartClient::on_part(Part& part, const Reply& reply, Time now) {
  if (const auto* lost = std::get_if<NoAnswer>(&reply)) {
    return lost->permanent ? PartStep(Failed{ExitCode::gave_up, lost->reason})
                           : on_failure(part, lost->reason, std::nullopt);
  }
  const Answer& answer = std::get<Answer>(reply);
  if (std::optional<Failed> refusal = final_refusal(answer, true)) {
    return *std::move(refusal);
  }
  if (is_success(answer.status)) {
    return on_success(part, answer);
  }
  waits_for_answer_ = is_handoff(answer, stored_count_ + 1 == parts_.size());
  if (!waits_for_answer_) {
    return on_failure(part, reason_of(answer), answer.retry_after);
  }
  return repeat(part, retries_.after_handoff(reason_of(answer), answer.retry_after, now),
                reason_of(answer));
}

PartClient::PartStep PartClient::on_success(const Part& part, const Answer& answer) {
  set(part.index, State::stored);
  retries_.progressed();
  if (part.with_digest) {
    compared_.add(part.range);
  }
  const bool is_final = answer.is_applications || !answer.body.empty();
  if (is_final && (answer.is_applications || stored_count_ == parts_.size())) {
    stored_ = layout_.file_size;
    take_unheard();
    return Finished{answer.body, compared_.total()};
  }
  // A finished upload answers every part so, and something between us and the server may, too.
  is_doubted_ = is_doubted_ || is_final;
  return PartStored{};
}

// The server has what other connections sent, or there would be no file to answer for.
void PartClient::take_unheard() {
  for (std::uint64_t index = 0; sends_digests() && index < parts_.size(); ++index) {
    if (parts_[index] == State::on_its_way) {
      compared_.add(layout_.range(index));
    }
  }
}

// One trouble hits all connections at once, and counts once.
PartClient::PartStep PartClient::on_failure(Part& part, const std::string& reason,
                                            Retries::RetryAfter retry_after) {
  const bool is_known = part.failures != retries_.failures_in_row();
  return repeat(part,
                is_known ? retries_.backoff(std::max(retries_.failures_in_row(), 1), retry_after)
                         : retries_.after_failure(reason, retry_after),
                reason);
}

PartClient::PartStep PartClient::repeat(Part& part, std::variant<Duration, Failed> wait,
                                        std::string reason) {
  if (auto* failed = std::get_if<Failed>(&wait)) {
    return std::move(*failed);
  }
  part.failures = retries_.failures_in_row();
  return RepeatRequest{std::get<Duration>(wait), std::move(reason),
                       waits_for_answer_ ? 0 : std::max(part.failures, 1)};
}

PartClient::StatusStep PartClient::on_status(const Reply& reply) {
  if (const auto* lost = std::get_if<NoAnswer>(&reply)) {
    return lost->permanent ? StatusStep(Failed{ExitCode::gave_up, lost->reason})
                           : ask_again(lost->reason, std::nullopt);
  }
  const Answer& answer = std::get<Answer>(reply);
  wants_digests_ = wants_digests_ || answer.wants_digest;
  if (is_unknown(answer)) {
    return SessionUnknown{};
  }
  if (std::optional<Failed> refusal = final_refusal(answer, true)) {
    return *std::move(refusal);
  }
  const auto missing = is_success(answer.status) ? missing_in(answer.body) : std::nullopt;
  if (!missing) {
    return ask_again(reason_of(answer), answer.retry_after);
  }
  if (++asked_ > asked_max_) {
    return Failed{ExitCode::gave_up,
                  fmt::format("the server was asked {} times which parts are missing, and never "
                              "answered the last one",
                              asked_max_)};
  }
  is_doubted_ = false;
  for (std::uint64_t index = 0; index < parts_.size(); ++index) {
    set(index, State::stored);
  }
  for (const std::uint64_t index : *missing) {
    if (index >= parts_.size()) {
      return Failed{ExitCode::refused,
                    fmt::format("expected missing parts below {}, got {}", parts_.size(), index)};
    }
    set(index, State::missing);
  }
  // The answer comes to a part, and the server compares none of a file that it has.
  lacks_only_answer_ = missing->empty();
  if (lacks_only_answer_) {
    set(parts_.size() - 1, State::missing);
  }
  return PartsKnown{};
}

PartClient::StatusStep PartClient::ask_again(const std::string& reason,
                                             Retries::RetryAfter retry_after) {
  auto wait = retries_.after_failure(reason, retry_after);
  if (auto* failed = std::get_if<Failed>(&wait)) {
    return std::move(*failed);
  }
  return RepeatRequest{std::get<Duration>(wait), reason, retries_.failures_in_row()};
}

void PartClient::set(std::uint64_t index, State state) {
  const bool was_stored = parts_[index] == State::stored;
  const bool is_stored = state == State::stored;
  const std::uint64_t bytes = layout_.range(index).size();
  if (is_stored && !was_stored) {
    ++stored_count_;
    stored_ += bytes;
  } else if (was_stored && !is_stored) {
    --stored_count_;
    stored_ -= bytes;
  }
  parts_[index] = state;
  if (state == State::missing) {
    first_missing_ = std::min(first_missing_, index);
  }
}

}  // namespace sluice::cli
