// SPDX-License-Identifier: MIT
#include "http/interims.h"

#include <string>
#include <utility>

#include "base/check.h"

namespace sluice::http {

runtime::Task<Result<>> Interims::write(Interim interim) {
  SLUICE_CHECK(!ended_);
  SLUICE_CHECK(interim.status >= 100 && interim.status < 200 && interim.status != 101);
  if (broken_) {
    co_return fail(Errc::closed_by_peer);
  }
  continue_due_ = continue_due_ && interim.status != 100;
  if (!understood_) {
    co_return Result<>();
  }
  const std::string head = serialize_interim(interim.status, interim.headers);
  Result<> written = co_await stream_->write(as_bytes(head), {}, *patience_);
  broken_ = !written;
  co_return written;
}

}  // namespace sluice::http
