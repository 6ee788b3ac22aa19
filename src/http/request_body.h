// SPDX-License-Identifier: MIT
// The body of one request as a source of bytes: the bytes that came with the head, then the
// socket's, through the framing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "http/body_decoder.h"
#include "http/input_buffer.h"
#include "http/interims.h"
#include "http/message.h"
#include "http/trailers.h"
#include "net/byte_stream.h"
#include "net/progress.h"
#include "runtime/byte_source.h"

namespace sluice::http {

// Lives on the connection's thread while its request is answered; only cancel() may be called from
// another. Never takes a byte behind the body: pipelined bytes stay in `input`. After an error
// every further call reports it again.
class RequestBody final : public runtime::ByteSource, public Trailers {
 public:
  // All references must outlive the body. A client that tries `patience` is given up with
  // idle_timeout.
  RequestBody(net::ByteStream& stream, InputBuffer& input, const Request& request,
              const net::Patience& patience, Metrics& metrics, Interims& interims);
  ~RequestBody() override;
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;

  // The first wait asks for the body with `100 Continue` when the client expects that.
  runtime::Task<Result<>> wait_readable() override;
  runtime::Task<Result<bool>> wait_readable_for(Duration patience) override;
  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override;
  // Null when nothing of the body is missing, or the connection is over.
  std::unique_ptr<runtime::Loan> lend() override;
  std::optional<std::uint64_t> remaining() const override;
  void cancel(Errc reason) override;
  std::optional<std::string> trailer(std::string_view name) const override {
    return decoder_.trailer(name);
  }

  // Every byte of it was read, and of its framing too.
  bool finished() const noexcept;
  // The client waits for a word of ours before it sends the body, and got none.
  bool awaits_continue() const noexcept;
  // The error that ended it before its end.
  const std::optional<Error>& failure() const noexcept { return failure_; }
  std::uint64_t received() const noexcept { return received_; }

  // Whether drain() is worth its call, so that another request can follow this one. Not where the
  // client was to wait for a 100, and got a refusal: it may send the body or not (RFC 9110 10.1.1).
  bool can_be_drained(std::uint64_t bytes_max);
  // Reads the rest and throws it away. False when it is longer than `bytes_max`, or broken.
  runtime::Task<bool> drain(std::uint64_t bytes_max);

 private:
  struct Control;
  class Lent;

  runtime::Task<Result<>> ask_for_body();
  // Fails when the body was cancelled or has failed before.
  Result<> check();
  Error fail_for_good(Error error);

  // Without waiting; nullopt when nothing is there. 0 bytes can also be a step within the framing.
  Result<std::optional<std::size_t>> take(MutableBytes buffer);
  Result<std::optional<std::size_t>> take_identity(MutableBytes buffer);
  Result<std::optional<std::size_t>> take_chunked(MutableBytes buffer);
  Result<std::size_t> decode(MutableBytes buffer);
  // False when nothing is there.
  Result<bool> fill_input();
  // As much as is there, up to the end of `buffer` or of the body.
  Result<std::size_t> take_all(MutableBytes buffer);
  Result<std::size_t> discard(std::uint64_t bytes_max);
  void count(std::uint64_t bytes);

  net::ByteStream& stream_;
  InputBuffer& input_;
  Metrics& metrics_;
  Interims& interims_;
  net::Progress progress_;
  const Framing framing_;
  std::uint64_t length_left_;
  std::uint64_t received_ = 0;
  ChunkedDecoder decoder_;
  std::optional<Error> failure_;
  // Shared with what cancel() posts. None when there is no body.
  std::shared_ptr<Control> control_;
};

}  // namespace sluice::http
