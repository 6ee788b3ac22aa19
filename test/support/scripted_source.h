// SPDX-License-Identifier: MIT
// A scripted request body: bytes, then its end, an error, or silence until the source is cancelled.
#pragma once

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/byte_source.h"
#include "runtime/event.h"

namespace sluice::testing {

class ScriptedSource final : public runtime::ByteSource {
 public:
  enum class Ending { end, lost, silent };

  // `missing_bytes` are announced and never come.
  explicit ScriptedSource(std::string bytes, Ending ending = Ending::end, bool size_known = true,
                          std::uint64_t missing_bytes = 0)
      : bytes_(std::move(bytes)),
        ending_(ending),
        size_known_(size_known),
        missing_bytes_(missing_bytes) {}

  runtime::Task<Result<>> wait_readable() override {
    if (offset_ == bytes_.size() && ending_ == Ending::silent && !reason_) {
      reached_silence.set();
      co_await cancelled_.wait(std::chrono::minutes(1));
    }
    if (reason_) {
      co_return fail(*reason_, "cancelled");
    }
    co_return Result<>();
  }

  runtime::Task<Result<bool>> wait_readable_for(Duration patience) override {
    if (offset_ == bytes_.size() && patience <= silence_) {
      silence_ -= patience;
      co_return false;
    }
    const Result<> readable = co_await wait_readable();
    co_return readable ? Result<bool>(true) : fail(readable.error());
  }

  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration /*patience*/) override {
    if (offset_ == bytes_.size()) {
      if (const Result<> readable = co_await wait_readable(); !readable) {
        co_return fail(readable.error());
      }
      if (ending_ == Ending::lost) {
        co_return fail(Errc::closed_by_peer, "lost on purpose");
      }
      co_return 0;
    }
    const std::size_t count = std::min(buffer.size(), bytes_.size() - offset_);
    std::ranges::copy(as_bytes(bytes_).subspan(offset_, count), buffer.begin());
    offset_ += count;
    co_return count;
  }

  std::unique_ptr<runtime::Loan> lend() override {
    is_lent = true;
    ++loans;
    return std::make_unique<Lent>(*this);
  }

  std::optional<std::uint64_t> remaining() const override {
    return size_known_ ? std::optional<std::uint64_t>(bytes_.size() - offset_ + missing_bytes_)
                       : std::nullopt;
  }

  void cancel(Errc reason) override {
    reason_ = reason;
    cancelled_.set();
  }

  // Behind its bytes nothing comes for so long, as far as wait_readable_for() asks; no time passes.
  void fall_silent_for(Duration silence) { silence_ = silence; }

  bool was_cancelled() const noexcept { return reason_.has_value(); }
  std::size_t bytes_read() const noexcept { return offset_; }

  runtime::Event reached_silence;
  std::size_t bytes_read_lent = 0;
  std::size_t largest_read_lent = 0;
  bool is_lent = false;
  int loans = 0;

 private:
  class Lent final : public runtime::Loan {
   public:
    explicit Lent(ScriptedSource& source) : source_(source) {}
    ~Lent() override { source_.is_lent = false; }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

    std::size_t read(MutableBytes buffer, Duration /*patience*/) override {
      const std::size_t left = source_.bytes_.size() - source_.offset_;
      const std::size_t count = source_.reason_ ? 0 : std::min(buffer.size(), left);
      std::ranges::copy(as_bytes(source_.bytes_).subspan(source_.offset_, count), buffer.begin());
      source_.offset_ += count;
      source_.bytes_read_lent += count;
      source_.largest_read_lent = std::max(source_.largest_read_lent, count);
      return count;
    }

   private:
    ScriptedSource& source_;
  };

  const std::string bytes_;
  const Ending ending_;
  const bool size_known_;
  const std::uint64_t missing_bytes_;
  Duration silence_{0};
  std::size_t offset_ = 0;
  std::optional<Errc> reason_;
  runtime::Event cancelled_;
};

}  // namespace sluice::testing
