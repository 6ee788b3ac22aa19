// SPDX-License-Identifier: MIT
// The body of a request whose client hears how far it is stored while it sends.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/exchange.h"
#include "protocol/rufh/rufh_fields.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::rufh {

// Passes a body on as it is. Before wait_readable_for() waits for more it sends 104 with
// Upload-Offset, once in `pause` at most, and only of bytes that are durable and were not told of.
class ProgressSource final : public runtime::ByteSource {
 public:
  // All of it outlives this. Up to `told` the client knows already. REQUIRES: fields.is_spoken.
  ProgressSource(runtime::ByteSource& body, http::Exchange& exchange, upload::Engine& engine,
                 const std::string& token, const RufhFields& fields, std::uint64_t told,
                 std::chrono::nanoseconds pause)
      : body_(body),
        exchange_(exchange),
        engine_(engine),
        token_(token),
        fields_(fields),
        told_(told),
        pause_(pause) {}

  runtime::Task<Result<>> wait_readable() override { return body_.wait_readable(); }
  runtime::Task<Result<bool>> wait_readable_for(Duration patience) override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override {
    return body_.read(buffer, patience);
  }
  std::unique_ptr<runtime::Loan> lend() override { return body_.lend(); }
  std::optional<std::uint64_t> remaining() const override { return body_.remaining(); }
  void cancel(Errc reason) override { body_.cancel(reason); }

 private:
  runtime::Task<Result<bool>> tell_and_wait(Duration patience);

  runtime::ByteSource& body_;
  http::Exchange& exchange_;
  upload::Engine& engine_;
  const std::string& token_;
  const RufhFields& fields_;
  std::uint64_t told_;
  const std::chrono::nanoseconds pause_;
  std::chrono::steady_clock::time_point told_at_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::protocol::rufh
