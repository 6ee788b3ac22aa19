// SPDX-License-Identifier: MIT
// Files that come as a form for each chunk, in any order, several at once: Dropzone, Resumable.js,
// Flow.js, FineUploader, plupload, jQuery File Upload (docs/formchunks.md).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "base/limits.h"
#include "protocol/call.h"
#include "protocol/form_upload.h"
#include "protocol/formchunks/arrivals.h"
#include "protocol/formchunks/chunk_request.h"
#include "protocol/opening_dialect.h"
#include "protocol/parameters.h"
#include "protocol/upload_opener.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::formchunks {

// Any thread may call.
class FormChunksDialect final : public OpeningDialect {
 public:
  // `key`, of the tokens, is secret, and the same for as long as there are uploads; it outlives the
  // dialect. A request waits for as long as `wait` for others of the same upload.
  FormChunksDialect(const OpeningParts& parts, const std::string& key,
                    Duration wait = limits::other_chunks_wait_max)
      : OpeningDialect(parts), key_(key), wait_(wait) {}

  const char* name() const noexcept override { return formchunks_name; }
  // A POST of a form, or a request that has an uploader's parameters in its query.
  bool recognises(const http::Request& request) const override;
  // Its clients know no locations.
  bool has(http::Method /*method*/) const noexcept override { return false; }
  runtime::Task<Answer> handle(Call& /*call*/) override {
    return answered(fail(Errc::method_not_allowed));
  }
  bool opens_with(http::Method method) const noexcept override;
  runtime::Task<Answer> open(Call& call) override;

 private:
  // A chunk that is understood, and whose it is.
  struct Judged {
    ChunkRequest chunk;
    auth::Grant grant;
    std::string token;
    std::unique_ptr<upload::NewUpload> proposal;  // Until there is an upload.
  };

  runtime::Task<Answer> receive(Call& call);  // POST
  runtime::Task<Answer> test(Call& call);     // GET: is the chunk stored?
  // `described` are the parameters of query and form.
  Result<Judged> judge(const Call& call, const Parameters& query, const Parameters& described,
                       std::string_view part_name) const;
  Result<Judged> judge_form(const Call& call, const Parameters& query,
                            MultipartFileSource& form) const;
  runtime::Task<Answer> store(Call& call, Result<Judged> understood, runtime::ByteSource& bytes);
  // The upload of the chunk: the one that is there, or a new one.
  runtime::Task<Opened> find_or_open(Call& call, const Judged& judged);
  bool takes(const upload::Snapshot& snapshot, const ChunkRequest& chunk) const;
  // The chunk that ends the file is answered with what became of the file, and with nothing else:
  // waits for the others.
  runtime::Task<Answer> end(Call& call, const Judged& judged);
  runtime::Task<Answer> stored(Call& call, const Judged& judged) const;
  // REQUIRES: there is an answer, or the hand-off has failed.
  runtime::Task<Answer> final_answer(const upload::Snapshot& snapshot, const ChunkRequest& chunk);

  const std::string& key_;
  const Duration wait_;
  Arrivals arrivals_;
};

}  // namespace sluice::protocol::formchunks
