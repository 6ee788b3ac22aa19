// SPDX-License-Identifier: MIT
// FilePond's chunks (docs/filepond.md): a form opens an upload, PATCHes bring its chunks. They look
// like those of tus, and mean other things.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/call.h"
#include "protocol/opening_dialect.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::filepond {

// Any thread may call.
class FilePondDialect final : public OpeningDialect {
 public:
  using OpeningDialect::OpeningDialect;

  const char* name() const noexcept override { return filepond_name; }
  // A form with Upload-Length. At a location the dialect of creation decides.
  bool recognises(const http::Request& request) const override;
  bool has(http::Method method) const noexcept override;
  runtime::Task<Answer> handle(Call& call) override;
  bool opens_with(http::Method method) const noexcept override;
  runtime::Task<Answer> open(Call& call) override;

 private:
  runtime::Task<Answer> receive(Call& call);      // PATCH
  runtime::Task<Answer> tell_offset(Call& call);  // HEAD
  runtime::Task<Answer> describe(Call& call);     // GET
  runtime::Task<Answer> abort(Call& call);        // DELETE
  // Where the chunk lies in the file.
  runtime::Task<Result<ByteRange>> range_of(Call& call);
  // REQUIRES: there is an answer, or the hand-off has failed.
  runtime::Task<Answer> final_answer(const upload::Snapshot& snapshot);
};

}  // namespace sluice::protocol::filepond
