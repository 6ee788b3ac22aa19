// SPDX-License-Identifier: MIT
#include "protocol/rufh/progress_source.h"

#include <utility>

#include "protocol/rufh/rufh_answer.h"
#include "protocol/upload_answer.h"

namespace sluice::protocol::rufh {

using runtime::Task;

Task<Result<bool>> ProgressSource::wait_readable_for(Duration patience) {
  const auto now = std::chrono::steady_clock::now();
  if (now - told_at_ < pause_) {
    return body_.wait_readable_for(patience);
  }
  told_at_ = now;
  return tell_and_wait(patience);
}

// Where the client cannot be told, the connection has ended: the body says so.
Task<Result<bool>> ProgressSource::tell_and_wait(Duration patience) {
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
  co_return co_await body_.wait_readable_for(patience);
}

}  // namespace sluice::protocol::rufh
