// SPDX-License-Identifier: MIT
// A planted defect: it reads ahead of the engine, and what it has read is lost when a newer request
// takes over.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "runtime/byte_source.h"

namespace sluice::simulation {

class ForgetfulSource final : public runtime::ByteSource {
 public:
  explicit ForgetfulSource(runtime::ByteSource& source) : source_(source) {}

  runtime::Task<Result<>> wait_readable() override { co_return co_await source_.wait_readable(); }

  runtime::Task<Result<bool>> wait_readable_for(Duration patience) override {
    co_return co_await source_.wait_readable_for(patience);
  }

  runtime::Task<Result<std::size_t>> read(MutableBytes buffer, Duration patience) override {
    const Result<std::size_t> count = co_await source_.read(buffer, patience);
    if (!count || *count == 0) {
      co_return count;
    }
    const Result<> more = co_await source_.wait_readable();
    if (!more && more.error().code() == Errc::taken_over) {
      co_return fail(more.error());
    }
    co_return count;
  }

  std::optional<std::uint64_t> remaining() const override { return source_.remaining(); }
  void cancel(Errc reason) override { source_.cancel(reason); }

 private:
  runtime::ByteSource& source_;
};

}  // namespace sluice::simulation
