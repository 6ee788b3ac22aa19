// SPDX-License-Identifier: MIT
// The IETF draft "Resumable Uploads for HTTP" (docs/rufh.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "protocol/call.h"
#include "protocol/digest_source.h"
#include "protocol/opening_dialect.h"
#include "protocol/rufh/creation_request.h"
#include "protocol/rufh/rufh_fields.h"
#include "protocol/upload_opener.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::rufh {

// Any thread may call.
class RufhDialect final : public OpeningDialect {
 public:
  // While a body comes its client hears how far it is stored, once in `pause` at most.
  explicit RufhDialect(const OpeningParts& parts,
                       std::chrono::nanoseconds pause = limits::progress_told_pause)
      : OpeningDialect(parts), pause_(pause) {}

  const char* name() const noexcept override { return rufh_name; }
  bool recognises(const http::Request& request) const override { return is_in_rufh(request); }
  // tus-js-client can be told to name PATCH in X-HTTP-Method-Override.
  http::Method method_of(const http::Request& request) const override;
  bool has(http::Method method) const noexcept override;
  runtime::Task<Answer> handle(Call& call) override;
  // A file without any words of a dialect is taken, too, as a request that cannot be resumed.
  bool opens_with(http::Method method) const noexcept override;
  runtime::Task<Answer> open(Call& call) override;
  http::Response render(const Error& error) const override;
  void add_options(http::Headers& headers) const override;

 private:
  using Appended = Result<upload::SnapshotPtr>;
  struct Chunk {
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> size;  // Unset: the body tells by its end.
    bool ends_file = false;
    std::vector<ExpectedDigest> digests = {};  // Of the body.
  };

  // An upload that was opened by the request whose first chunk comes now.
  struct Creation {
    RufhFields fields;
    bool is_plain = false;  // As in CreationRequest.
    Chunk chunk;
    std::uint64_t file_size_max = 0;  // Of its owner.
    upload::SnapshotPtr upload;
  };
  using Admitted = std::expected<std::unique_ptr<Creation>, Answer>;  // As Opened.

  runtime::Task<Admitted> admit(Call& call);
  // The answer to a creation, once the upload is there.
  runtime::Task<Answer> begin(Call& call, const Creation& creation);
  static Answer begun(Call& call, const std::string& location, const upload::Snapshot& snapshot);
  runtime::Task<Answer> not_begun(Call& call, const Creation& creation, const std::string& location,
                                  Error error);
  runtime::Task<Answer> tell_offset(Call& call, RufhFields fields);  // HEAD, GET
  runtime::Task<Answer> outcome_of_empty(Call& call, const RufhFields& fields,
                                         const upload::Snapshot& snapshot);
  runtime::Task<Answer> receive(Call& call, RufhFields fields);  // PATCH
  runtime::Task<Answer> cancel(Call& call);                      // DELETE

  static Result<Chunk> parse_chunk(Call& call, const RufhFields& fields);
  // size_mismatch where the head says that the chunk does not fit into a file of that size.
  static Result<> check_fits(const Chunk& chunk, std::optional<std::uint64_t> file_size);
  // digest_mismatch where the body has another digest than its head says.
  runtime::Task<Appended> append(Call& call, const RufhFields& fields, const std::string& token,
                                 const Chunk& chunk);
  runtime::Task<Appended> append_checked(const std::string& token, const Chunk& chunk,
                                         runtime::ByteSource& body);
  runtime::Task<Appended> append_with_digests(const std::string& token, const Chunk& chunk,
                                              runtime::ByteSource& body);
  static upload::Piece piece_of(const Chunk& chunk, bool is_checked);
  // A chunk for an upload of which nothing is missing: it asks what became of the file.
  runtime::Task<Answer> receive_at_end(Call& call, const RufhFields& fields,
                                       const upload::Snapshot& snapshot, const Chunk& chunk);
  runtime::Task<Answer> conclude(Call& call, const RufhFields& fields, const Chunk& chunk,
                                 Appended appended);
  runtime::Task<Answer> final_answer(Call& call, const RufhFields& fields,
                                     const upload::Snapshot& snapshot);
  static Answer offset_mismatch(Call& call, const Chunk& chunk, const upload::Snapshot& snapshot);
  // Ends the requests that write, so that the next one is not refused where its client was told to
  // go on.
  runtime::Task<Appended> end_older_requests(Call& call, upload::SnapshotPtr snapshot);
  // With the remaining life of the upload, where there is one.
  void add_limit(http::Headers& headers, const RufhFields& fields, std::uint64_t file_size_max,
                 const upload::Snapshot* snapshot) const;

  const std::chrono::nanoseconds pause_;
};

}  // namespace sluice::protocol::rufh
