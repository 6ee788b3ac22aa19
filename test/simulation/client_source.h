// SPDX-License-Identifier: MIT
// The body of a simulated client's request: it comes in chunks, with other coroutines in between.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "runtime/byte_source.h"
#include "runtime/event.h"
#include "simulation/dice.h"
#include "simulation/turns.h"

namespace sluice::simulation {

class ClientSource final : public runtime::ByteSource {
 public:
  enum class Ending { end, lost, silent };

  // `declared`: the length that the framing announces.
  ClientSource(std::string bytes, Ending ending, std::optional<std::uint64_t> declared, Dice& dice)
      : bytes_(std::move(bytes)), ending_(ending), declared_(declared), dice_(dice) {}

  // Its bytes come in many small chunks, with more of the others in between.
  void slow_down() { is_slow_ = true; }

  runtime::Task<Result<>> wait_readable() override {
    for (std::uint64_t waits = is_slow_ ? dice_.below(slow_waits) : 0; waits > 0; --waits) {
      co_await wait_some_turns(dice_);
    }
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

  // The time of a simulation is none: now and then any patience is over.
  runtime::Task<Result<bool>> wait_readable_for(Duration /*patience*/) override {
    if (!reason_ && dice_.chance(loses_patience)) {
      co_await wait_some_turns(dice_);
      co_return false;
    }
    const Result<> readable = co_await wait_readable();
    co_return readable ? Result<bool>(true) : fail(readable.error());
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
    const Bytes bytes = some(buffer.size());
    std::ranges::copy(bytes, buffer.begin());
    co_return bytes.size();
  }

  std::unique_ptr<runtime::Loan> lend() override { return std::make_unique<Lent>(*this); }

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
  // A body of unannounced length is chunked: its framing has to be parsed, so it has no descriptor
  // to lend. The bytes of a body with a length lie in a pipe, as those of a connection lie in a
  // socket.
  class Lent final : public runtime::Loan {
   public:
    explicit Lent(ClientSource& source) : source_(source) {
      if (source_.declared_) {
        SLUICE_CHECK(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) == 0);
      }
    }
    ~Lent() override {
      for (const int end : ends_) {
        if (end >= 0) {
          ::close(end);
        }
      }
      source_.offset_ -= in_pipe_;  // Not taken.
    }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

    std::size_t read(MutableBytes buffer, Duration /*patience*/) override {
      if (is_over_) {
        return 0;
      }
      is_over_ = source_.is_slow_;
      const Bytes bytes = source_.some(buffer.size());
      std::ranges::copy(bytes, buffer.begin());
      return bytes.size();
    }
    std::optional<Descriptor> descriptor() override {
      if (!source_.declared_) {
        return std::nullopt;
      }
      if (in_pipe_ == 0 && !is_over_) {
        const Bytes bytes = source_.some(pipe_bytes);
        in_pipe_ = bytes.size();
        is_over_ = bytes.size() < pipe_bytes || source_.is_slow_;
        SLUICE_CHECK(bytes.empty() || ::write(ends_[1], bytes.data(), bytes.size()) ==
                                          static_cast<ssize_t>(bytes.size()));
      }
      return Descriptor{ends_[0], in_pipe_};
    }
    void took(std::uint64_t bytes) override { in_pipe_ -= bytes; }

   private:
    static constexpr std::size_t pipe_bytes = 4096;

    ClientSource& source_;
    std::array<int, 2> ends_{-1, -1};
    std::uint64_t in_pipe_ = 0;
    bool is_over_ = false;  // Nothing more is there now.
  };

  // The next bytes, at most `size`; none at the end, or when the source was cancelled.
  Bytes some(std::size_t size) {
    const std::size_t coming = is_slow_ ? 1 + bytes_.size() / slow_chunks : bytes_.size();
    const std::size_t most = reason_ ? 0 : std::min({size, coming, bytes_.size() - offset_});
    const auto count =
        most == 0 || dice_.chance(0.5) ? most : static_cast<std::size_t>(dice_.between(1, most));
    const Bytes bytes = as_bytes(bytes_).subspan(offset_, count);
    offset_ += count;
    return bytes;
  }

  static constexpr double loses_patience = 0.1;
  static constexpr std::uint64_t slow_waits = 10;
  static constexpr std::size_t slow_chunks = 8;

  const std::string bytes_;
  const Ending ending_;
  const std::optional<std::uint64_t> declared_;
  Dice& dice_;
  std::size_t offset_ = 0;
  bool is_slow_ = false;
  bool is_silent_ = false;
  std::optional<Errc> reason_;
  runtime::Event cancelled_;
};

}  // namespace sluice::simulation
