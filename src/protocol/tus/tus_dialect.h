// SPDX-License-Identifier: MIT
// tus 1.0.0 with its extensions (docs/tus.md).
#pragma once

#include <optional>
#include <vector>

#include "protocol/call.h"
#include "protocol/opening_dialect.h"
#include "protocol/tus/chunk_request.h"
#include "protocol/tus/creation_request.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::tus {

// Any thread may call.
class TusDialect final : public OpeningDialect {
 public:
  using OpeningDialect::OpeningDialect;

  const char* name() const noexcept override { return tus_name; }
  bool recognises(const http::Request& request) const override;
  http::Method method_of(const http::Request& request) const override;
  bool has(http::Method method) const noexcept override;
  runtime::Task<Answer> handle(Call& call) override;
  bool opens_with(http::Method method) const noexcept override;
  runtime::Task<Answer> open(Call& call) override;
  http::Response render(const Error& error) const override;
  void add_options(http::Headers& headers) const override;

 private:
  using Found = Result<upload::SnapshotPtr>;  // What commands of the engine return.

  runtime::Task<Answer> create(Call& call);
  // The answer to a creation, once the upload is there.
  runtime::Task<Answer> begin(Call& call, const upload::Snapshot& created,
                              const CreationRequest& request);
  runtime::Task<Answer> create_final(Call& call, const auth::Grant& grant, CreationRequest request);
  // Partial uploads of one file.
  struct Together {
    std::optional<std::uint64_t> size;  // Unset while that of one is not known.
    bool are_complete = false;
  };
  // bad_request where one is no partial upload.
  runtime::Task<Result<Together>> together(Call& call, const std::vector<std::string>& partials);
  runtime::Task<Answer> tell_offset(Call& call);  // HEAD
  runtime::Task<Answer> receive(Call& call);      // PATCH
  runtime::Task<Answer> describe(Call& call);     // GET
  runtime::Task<Answer> terminate(Call& call);    // DELETE

  // The answer to a chunk of which no byte is stored; nullopt: its bytes are to be taken.
  runtime::Task<std::optional<Answer>> answer_without_append(Call& call, const ChunkRequest& chunk);
  runtime::Task<Found> append(Call& call, const std::string& token, const ChunkRequest& chunk);
  // Nothing of the chunk counts before its checksum was found right.
  runtime::Task<Found> append_checked(Call& call, const std::string& token,
                                      const ChunkRequest& chunk);
  // A chunk for an upload of which nothing is missing: it asks what became of the file.
  runtime::Task<Answer> receive_at_end(Call& call, const upload::Snapshot& snapshot,
                                       const ChunkRequest& chunk);
  runtime::Task<Answer> conclude(Call& call, const ChunkRequest& chunk, Found appended);
  runtime::Task<Answer> final_answer(const upload::Snapshot& snapshot);
  runtime::Task<Answer> offset_mismatch(Call& call, const ChunkRequest& chunk);
  // Completes a file of no bytes, of which no chunk comes. delivery_pending while its answer does
  // not come.
  runtime::Task<Found> complete_empty(Call& call, const std::string& token);
  // The error of a command about the call's upload: 410 where there was one.
  runtime::Task<Answer> refuse(Call& call, Error error);
};

}  // namespace sluice::protocol::tus
