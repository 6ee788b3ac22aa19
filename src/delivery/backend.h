// SPDX-License-Identifier: MIT
// Where finished files go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "journal/changes.h"
#include "model/answer.h"
#include "model/layout.h"
#include "model/upload.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"

namespace sluice::delivery {

// A finished file on its way to the backend. The same upload always has the same key, in every
// attempt.
struct Handoff {
  std::uint64_t upload_id = 0;
  std::string idempotency_key;
  std::string file_name;
  // The file is the first so many bytes of the blob.
  std::uint64_t file_size = 0;
  // Of a multi-chunk session: further files, behind it in the blob.
  bool is_multichunk = false;
  std::vector<model::ExtraFile> extra_files;
  std::uint64_t blob_size = 0;  // All of them.
  std::string content_type;
  std::string parameters;
  std::string origin;  // As in the record: where the session came from.
  std::string owner;   // Owner of the credentials that opened the session; empty: none.
  Timestamp created_at;
  unsigned attempt = 1;  // Counts from 1; a crash may have one number come twice.
};

// The key is derived from the token and does not give it away: it is told to the backend.
Handoff handoff_of(const model::UploadRecord& record, unsigned attempt = 1);

struct Delivery {
  model::Answer answer;
  // The answer speaks of the way to the backend, not of the file: another attempt has to follow,
  // and not before `retry_after`, where the backend names a time.
  bool is_trouble = false;
  std::optional<Duration> retry_after;
  bool blob_taken = false;  // The store holds nothing of the upload any more.
  // Committed to the journal together with the answer: both or neither.
  std::vector<journal::Change> changes;
};

// Facts about a hand-off that are known before it happens.
struct Preview {
  std::string media_id;                 // The backend's name for the file.
  std::optional<model::Answer> answer;  // Its answer as far as it is known.
};

class Backend {
 public:
  virtual ~Backend() = default;

  // One attempt. An answer of 2xx or 4xx that is no trouble is final; any other, and an error,
  // means: try again later.
  // Must be idempotent by the hand-off's key: a crash can come after it acted and before its answer
  // was stored. `handoff` lives until this returns.
  virtual runtime::Task<Result<Delivery>> deliver(const Handoff& handoff) = 0;

  // Any thread. A backend that does not know its answer yet calls the file by the hand-off's key.
  virtual Preview preview(const Handoff& handoff) const {
    return {handoff.idempotency_key, std::nullopt};
  }

  // Bytes of the file of an answered hand-off (of several files, the main one), for a client that
  // may have it again. not_found where this server does not have it, or no longer.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> read_delivered(
      const Handoff& /*handoff*/, ByteRange /*range*/) {
    co_return fail(Errc::not_found, "the file was handed over: this server keeps no copy of it");
  }
};

}  // namespace sluice::delivery
