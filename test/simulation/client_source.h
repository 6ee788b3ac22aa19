// SPDX-License-Identifier: MIT
// The body of a simulated client's request: it comes in chunks, with others in between.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/byte_source.h"
#include "runtime/event.h"
#include "simulation/dice.h"
#include "simulation/turns.h"

namespace sluice::simulation {

class ClientSource final : public runtime::ByteSource {
 public:
  enum class Ending { end, lost, silent };

  // `declared`: what the framing says about the length.
  ClientSource(std::string bytes, Ending ending, std::optional<std::uint64_t> declared, Dice& dice)
      : bytes_(std::move(bytes)), ending_(ending), declared_(declared), dice_(dice) {}

  runtime::Task<Result<>> wait_readable() override {
    co_await wait_some_turns(dice_);
    if (offset_ == bytes_.size() && ending_ == Ending::silent && !reason_) {
      is_silent_ = true;
      co_await cancelled_.wait(std::chrono::minutes(1));
    }
    if (reason_) {
      co_return fail(*reason_, "cancelled");
    }
    co_return Result<>();
  }

  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration /*patience*/) override {
    if (const Result<> readable = co_await wait_readable(); !readable) {
      co_return fail(readable.error());
    }
    if (offset_ == bytes_.size()) {
      if (ending_ == Ending::lost) {
        co_return fail(Errc::closed_by_peer, "the connection was lost");
      }
      co_return 0;
    }
    const std::size_t most = std::min(buffer.size(), bytes_.size() - offset_);
    const auto count = dice_.chance(0.5) ? most : static_cast<std::size_t>(dice_.between(1, most));
    std::ranges::copy(as_bytes(bytes_).subspan(offset_, count), buffer.begin());
    offset_ += count;
    co_return count;
  }

  std::optional<std::uint64_t> remaining() const override {
    return declared_ ? std::optional(*declared_ - offset_) : std::nullopt;
  }

  void cancel(Errc reason) override {
    if (!reason_) {
      reason_ = reason;
    }
    cancelled_.set();
  }

  bool is_silent() const noexcept { return is_silent_ && !reason_; }
  std::uint64_t bytes_read() const noexcept { return offset_; }

 private:
  const std::string bytes_;
  const Ending ending_;
  const std::optional<std::uint64_t> declared_;
  Dice& dice_;
  std::size_t offset_ = 0;
  bool is_silent_ = false;
  std::optional<Errc> reason_;
  runtime::Event cancelled_;
};

}  // namespace sluice::simulation
