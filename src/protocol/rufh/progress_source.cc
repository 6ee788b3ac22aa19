// SPDX-License-Identifier: MIT
#include "protocol/rufh/progress_source.h"

#include <utility>

#include "protocol/rufh/rufh_answer.h"
#include "protocol/upload_answer.h"

namespace sluice::protocol::rufh {

using runtime::Task;

Task<Result<>> ProgressSource::wait_readable() {
  const auto now = std::chrono::steady_clock::now();
  if (now - told_at_ < pause_) {
    return body_.wait_readable();
  }
  told_at_ = now;
  return tell_and_wait();
}

// Where the client cannot be told, the connection has ended: the body says so.
Task<Result<>> ProgressSource::tell_and_wait() {
  {
    const Result<upload::SnapshotPtr> snapshot = co_await engine_.peek(token_);
    if (snapshot && told_offset(**snapshot) > told_) {
      told_ = told_offset(**snapshot);
      http::Interim interim;
      interim.status = 104;
      add_version(interim.headers, fields_);
      add_offset(interim.headers, **snapshot);
      (void)co_await exchange_.inform(std::move(interim));
    }
  }
  co_return co_await body_.wait_readable();
}

}  // namespace sluice::protocol::rufh
