// SPDX-License-Identifier: MIT
#include "protocol/form_upload.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::protocol {

using runtime::Task;
using Event = http::MultipartParser::Event;

MultipartFileSource::MultipartFileSource(runtime::ByteSource& body, std::string boundary,
                                         FormKind kind)
    : body_(body),
      kind_(kind),
      closing_bytes_(std::string_view("\r\n----").size() + boundary.size()),
      parser_(std::move(boundary)) {}

std::optional<std::uint64_t> MultipartFileSource::file_bytes_max() const {
  const std::uint64_t at_hand = at_hand_.size() - at_hand_begin_;
  if (phase_ != Phase::in_file) {
    return at_hand;
  }
  const std::optional<std::uint64_t> coming = body_.remaining();
  if (!coming) {
    return std::nullopt;
  }
  const std::uint64_t raw = saturating_add(*coming, undecided_.size());
  return saturating_add(at_hand, saturating_subtract(raw, closing_bytes_));
}

bool MultipartFileSource::settled() const noexcept {
  return at_hand_begin_ < at_hand_.size() || failure_ || phase_ == Phase::ended;
}

// Returns with bytes of the file at hand and more of the body to read, so that read() never waits
// while it holds the caller's buffer: a client that sends a boundary byte by byte would bind one
// for as long as it likes.
Task<Result<>> MultipartFileSource::wait_readable() {
  while (!settled()) {
    co_await prefetch();
  }
  if (phase_ == Phase::in_file && !failure_) {
    const Result<> readable = co_await body_.wait_readable();
    if (!readable) {
      failure_ = readable.error();
    }
  }
  if (failure_ && at_hand_begin_ == at_hand_.size()) {
    co_return fail(*failure_);
  }
  co_return Result<>();
}

Task<> MultipartFileSource::prefetch() {
  const Result<> readable = co_await body_.wait_readable();
  if (!readable) {
    failure_ = readable.error();
    co_return;
  }
  at_hand_.resize(undecided_.size() + limits::form_prefetch_bytes);
  at_hand_begin_ = 0;
  const std::size_t count = co_await fill(at_hand_, Duration::zero());
  at_hand_.resize(count);
  if (phase_ != Phase::before_file && !candidate_bytes_.empty()) {
    at_hand_.insert(at_hand_.begin(), candidate_bytes_.begin(), candidate_bytes_.end());
    candidate_bytes_ = {};
  }
  at_hand_.shrink_to_fit();
}

Task<Result<std::optional<std::uint64_t>>> MultipartFileSource::measure() {
  const std::uint64_t read_before = file_size_;
  while (phase_ != Phase::ended && !failure_) {
    if (saturating_subtract(file_size_, read_before) > limits::drain_bytes_max) {
      co_return std::nullopt;
    }
    co_await prefetch();
  }
  if (failure_) {
    co_return fail(*failure_);
  }
  co_return file_size_;
}

Task<Result<std::size_t>> MultipartFileSource::read(MutableBytes buffer, Duration patience) {
  SLUICE_CHECK(!buffer.empty());
  const Result<> readable = co_await wait_readable();
  if (!readable) {
    co_return fail(readable.error());
  }
  const std::size_t count = take_at_hand(buffer);
  const MutableBytes rest = buffer.subspan(count);
  if (!can_fill(rest)) {
    co_return count;
  }
  const std::size_t more = co_await fill(rest, patience);
  co_return count + more;
}

class MultipartFileSource::Lent final : public runtime::Loan {
 public:
  Lent(MultipartFileSource& file, std::unique_ptr<runtime::Loan> body)
      : file_(file), body_(std::move(body)) {}

  std::size_t read(MutableBytes buffer, Duration patience) override {
    const std::size_t count = file_.take_at_hand(buffer);
    const MutableBytes rest = buffer.subspan(count);
    if (!file_.can_fill(rest)) {
      return count;
    }
    const std::size_t old = file_.undecided_.size();
    std::ranges::copy(file_.undecided_, rest.begin());
    const std::size_t more = body_->read(rest.subspan(old), patience);
    return more == 0 ? count : count + file_.parse(rest.first(old + more), false);
  }

 private:
  MultipartFileSource& file_;
  const std::unique_ptr<runtime::Loan> body_;
};

std::unique_ptr<runtime::Loan> MultipartFileSource::lend() {
  std::unique_ptr<runtime::Loan> body = body_.lend();
  return body ? std::make_unique<Lent>(*this, std::move(body)) : nullptr;
}

std::size_t MultipartFileSource::take_at_hand(MutableBytes buffer) {
  const std::size_t count = std::min(buffer.size(), at_hand_.size() - at_hand_begin_);
  std::copy_n(at_hand_.data() + at_hand_begin_, count, buffer.data());
  at_hand_begin_ += count;
  if (at_hand_begin_ == at_hand_.size()) {
    at_hand_ = {};
    at_hand_begin_ = 0;
  }
  return count;
}

bool MultipartFileSource::can_fill(MutableBytes room) const noexcept {
  return at_hand_.empty() && phase_ == Phase::in_file && !failure_ &&
         room.size() >= undecided_.size() + limits::form_prefetch_bytes;
}

Task<std::size_t> MultipartFileSource::fill(MutableBytes region, Duration patience) {
  const std::size_t old = undecided_.size();
  SLUICE_CHECK(old < region.size());
  std::ranges::copy(undecided_, region.begin());
  const Result<std::size_t> count = co_await body_.read(region.subspan(old), patience);
  if (!count) {
    failure_ = count.error();
    co_return 0;
  }
  co_return parse(region.first(old + *count), *count == 0);
}

std::size_t MultipartFileSource::parse(MutableBytes region, bool at_end) {
  std::size_t produced = 0;
  Bytes input = region;
  for (bool more = true; more;) {
    const Result<http::MultipartParser::Step> step = parser_.next(input, at_end);
    if (!step) {
      failure_ = step.error();
      break;
    }
    more = apply(*step, region, produced);
    input = input.subspan(step->consumed);
  }
  if (at_end && phase_ != Phase::ended && !failure_) {
    failure_ = Error(Errc::bad_request, "the form ends before its closing boundary");
  }
  undecided_.assign(input.begin(), input.end());
  if (phase_ == Phase::ended || failure_) {
    undecided_ = {};
  }
  return produced;
}

bool MultipartFileSource::apply(const http::MultipartParser::Step& step, MutableBytes region,
                                std::size_t& produced) {
  switch (step.event) {
    case Event::need_more:
      return false;
    case Event::part_begin:
      begin_part();
      return !failure_;
    case Event::data:
      if (phase_ == Phase::in_file) {
        std::memmove(region.data() + produced, step.data.data(), step.data.size());
        produced += step.data.size();
        file_size_ = saturating_add(file_size_, step.data.size());
        return true;
      }
      return keep(step.data);
    case Event::part_end:
      end_part();
      return true;
    case Event::end:
      if (phase_ == Phase::before_file && candidate_) {
        take_candidate();
      } else if (phase_ == Phase::before_file && kind_ == FormKind::file) {
        failure_ = Error(Errc::bad_request,
                         "the form has no file: expected a part with the name \"file\"");
      }
      phase_ = Phase::ended;
      return false;
  }
  return false;
}

void MultipartFileSource::begin_part() {
  const http::PartHead& part = parser_.part();
  // Browsers send a file field that was left empty with an empty file name.
  const bool has_file_name = part.file_name && !part.file_name->empty();
  const bool takes_fields = kind_ == FormKind::file_and_fields;
  if (takes_fields && !part.file_name) {
    field_ = http::FormField{part.name, {}};
  }
  if (has_file_name && phase_ == Phase::before_file) {
    phase_ = Phase::in_file;
    file_part_ = part;
    candidate_.reset();
    candidate_bytes_ = {};
  } else if (part.name == "file" && !takes_fields && phase_ == Phase::before_file && !candidate_) {
    candidate_ = part;
    in_candidate_ = true;
  } else if (has_file_name && (takes_fields || file_part_->name != "file")) {
    failure_ = Error(Errc::bad_request,
                     "expected one file in the form, got a second one in " + in_quotes(part.name));
  }
}

void MultipartFileSource::end_part() {
  phase_ = phase_ == Phase::in_file ? Phase::after_file : phase_;
  in_candidate_ = false;
  if (field_) {
    fields_.push_back(*std::exchange(field_, std::nullopt));
  }
}

void MultipartFileSource::take_candidate() {
  phase_ = Phase::in_file;
  file_part_ = *std::exchange(candidate_, std::nullopt);
  file_size_ = candidate_bytes_.size();
}

bool MultipartFileSource::keep(Bytes data) {
  if (in_candidate_) {
    candidate_bytes_.insert(candidate_bytes_.end(), data.begin(), data.end());
    if (candidate_bytes_.size() > limits::form_prefetch_bytes) {
      take_candidate();
    }
    return true;
  }
  if (field_) {
    field_->value += as_text(data);
    field_bytes_ = saturating_add(field_bytes_, data.size());
    if (field_bytes_ > limits::form_bytes_max) {
      failure_ =
          Error(Errc::file_too_large, "expected at most " + std::to_string(limits::form_bytes_max) +
                                          " bytes of parameters beside the file");
    }
    return !failure_;
  }
  skipped_ += data.size();
  if (skipped_ > limits::form_skipped_bytes_max) {
    failure_ = Error(Errc::bad_request, "expected at most " +
                                            std::to_string(limits::form_skipped_bytes_max) +
                                            " bytes of fields beside the file");
  }
  return !failure_;
}

}  // namespace sluice::protocol
