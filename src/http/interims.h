// SPDX-License-Identifier: MIT
// The answers that stand in front of a request's final one (RFC 9110 15.2).
#pragma once

#include "base/error.h"
#include "http/message.h"
#include "net/byte_stream.h"
#include "net/progress.h"
#include "runtime/task.h"

namespace sluice::http {

struct Interim {
  int status = 100;  // 100, 103, 104; 101 is none of them.
  Headers headers = {};
};

// The one place that writes them: "100 Continue" for a body, and those of the handler. Lives while
// its request is answered, on the connection's thread.
class Interims {
 public:
  // Of a request without a connection: they go nowhere.
  Interims() = default;
  // The references must outlive this. A client that takes an answer more slowly than `patience`
  // allows has lost its connection.
  Interims(net::ByteStream& stream, const Request& request, const net::Patience& patience)
      : stream_(&stream),
        patience_(&patience),
        continue_due_(request.expects_continue),
        understood_(request.understands_interims) {}

  // Not while another coroutine reads the body or writes. Nothing leaves for a client that would
  // take it for the final answer. REQUIRES: end() was not called.
  runtime::Task<Result<>> write(Interim interim);
  // From now on the final answer is written, which is the word that a client waits for too.
  void end() noexcept {
    ended_ = true;
    continue_due_ = false;
  }

  // The client waits for 100 before it sends the body, and has not got it.
  bool continue_due() const noexcept { return continue_due_; }
  // One was perhaps written in part: nothing can follow it.
  bool broken() const noexcept { return broken_; }

 private:
  net::ByteStream* stream_ = nullptr;
  const net::Patience* patience_ = nullptr;
  bool continue_due_ = false;
  bool understood_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace sluice::http
