// SPDX-License-Identifier: MIT
// Resumable sessions as Google's services have them (docs/range308.md): one POST opens a session,
// PUTs bring ranges, 308 says how far it got.
#pragma once

#include "protocol/call.h"
#include "protocol/opening_dialect.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::range308 {

// Any thread may call.
class Range308Dialect final : public OpeningDialect {
 public:
  using OpeningDialect::OpeningDialect;

  const char* name() const noexcept override { return range308_name; }
  // At a location its requests look like Panda's: there the dialect of creation decides.
  bool recognises(const http::Request& request) const override;
  bool has(http::Method method) const noexcept override;
  runtime::Task<Answer> handle(Call& call) override;
  bool opens_with(http::Method method) const noexcept override;
  runtime::Task<Answer> open(Call& call) override;
  http::Response render(const Error& error) const override;

 private:
  runtime::Task<Answer> receive(Call& call);   // PUT
  runtime::Task<Answer> describe(Call& call);  // GET
  runtime::Task<Answer> cancel(Call& call);    // DELETE
  runtime::Task<Answer> status(Call& call, std::optional<std::uint64_t> total);
  runtime::Task<Answer> append(Call& call, upload::Piece piece);
  // 308, the backend's answer, or that there will be none.
  runtime::Task<Answer> progress(Call& call, const upload::Snapshot& snapshot);
  // The error of a command about the call's upload: 410 where there was one.
  runtime::Task<Answer> refuse(Call& call, Error error);
};

}  // namespace sluice::protocol::range308
