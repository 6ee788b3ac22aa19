// SPDX-License-Identifier: MIT
// A connection that keeps what is written to it, and has nothing to read.
#pragma once

#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "runtime/task.h"

namespace sluice::testing {

class RecordingStream final : public net::ByteStream {
 public:
  explicit RecordingStream(runtime::Executor executor) : executor_(std::move(executor)) {}

  runtime::Task<Result<>> wait_readable(Duration /*timeout*/) override {
    co_return fail(Errc::closed_by_peer);
  }
  Result<std::optional<std::size_t>> read_now(MutableBytes /*buffer*/) override { return 0; }
  runtime::Task<Result<>> write(Bytes head, Bytes body, net::Patience /*patience*/) override {
    written += as_text(head);
    written += as_text(body);
    co_return Result<>();
  }
  void shutdown_send() noexcept override {}
  void cancel(Errc /*reason*/) noexcept override {}
  void interrupt_wait(Errc /*reason*/) noexcept override {}
  runtime::Executor executor() override { return executor_; }
  const std::string& peer_address() const noexcept override { return peer_address_; }

  std::string written;

 private:
  const runtime::Executor executor_;
  const std::string peer_address_;
};

}  // namespace sluice::testing
