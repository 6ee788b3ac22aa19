// SPDX-License-Identifier: MIT
// The interface that the server session calls for every request.
#pragma once

#include <utility>

#include "base/error.h"
#include "http/exchange.h"
#include "runtime/task.h"

namespace sluice::http {

class Handler {
 public:
  virtual ~Handler() = default;

  // Answers one request. Need not read the body: the session reads or refuses the rest. The
  // exchange lives until the answer is written. HEAD is answered like GET; the session leaves the
  // body away.
  virtual runtime::Task<ReplyPtr> handle(Exchange& exchange) = 0;

  // Answers, in place of handle(), a request that the session refuses with `error`. Where its head
  // could not be read, the exchange has a request without a path.
  virtual runtime::Task<ReplyPtr> refuse(Exchange& exchange, Error error) {
    co_return exchange.reply(fail(std::move(error)));
  }
};

}  // namespace sluice::http
