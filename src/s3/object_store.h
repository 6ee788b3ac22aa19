// SPDX-License-Identifier: MIT
// The objects of one bucket, as the program sees them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "outgoing/body.h"
#include "runtime/task.h"
#include "s3/objects.h"

namespace sluice::s3 {

// Bytes and their hash. The body is read once for each try, and the store refuses other bytes than
// those of the hash.
struct Payload {
  std::shared_ptr<const outgoing::Body> body;
  Sha256Digest sha256{};
};

Payload payload_of(std::string text);

// A multipart upload that is open.
struct Multipart {
  std::string key;
  std::string id;
};

struct ObjectRange {
  std::string bucket;  // Empty: the store's own.
  std::string key;
  ByteRange range;
};

// Any thread may call. Every call ends: after limits::s3_call_time_max, beside the time that its
// bytes take, which for upload_part_copy() and complete() the store decides. Errors are those of
// failure.h. After `unavailable` it is unknown whether the store has done it, or will do it still.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // The object is durable, under a key that had none or the same bytes.
  virtual runtime::Task<Result<>> put(std::string key, Payload payload) = 0;
  // All bytes of the range, which has limits::s3_get_bytes_max bytes at the most and is not empty.
  // storage_failed where the object ends before.
  virtual runtime::Task<Result<std::string>> get_range(std::string key, ByteRange range) = 0;
  // Unset: there is no such object, or no such bucket.
  virtual runtime::Task<Result<std::optional<ObjectFacts>>> head(std::string key) = 0;
  // The objects whose keys begin with `prefix`, from ListPage::next on; empty: from the first.
  virtual runtime::Task<Result<ListPage>> list(std::string prefix, std::string next) = 0;
  // An object that is not there is as good as removed. After an error some may be removed.
  virtual runtime::Task<Result<>> remove(std::vector<std::string> keys) = 0;

  virtual runtime::Task<Result<Multipart>> create_multipart(std::string key) = 0;
  // `number` is from 1 to limits::s3_parts_max; a part takes the place of one of that number. All
  // but the last have limits::s3_part_bytes_min at least, and limits::s3_part_bytes_max at most.
  virtual runtime::Task<Result<UploadedPart>> upload_part(Multipart upload, unsigned number,
                                                          Payload payload) = 0;
  virtual runtime::Task<Result<UploadedPart>> upload_part_copy(Multipart upload, unsigned number,
                                                               ObjectRange source) = 0;
  // `parts` in the order of their numbers. One try: after `unavailable` the caller asks head().
  virtual runtime::Task<Result<>> complete(Multipart upload, std::vector<UploadedPart> parts) = 0;
  // An upload that is not there is as good as aborted.
  virtual runtime::Task<Result<>> abort(Multipart upload) = 0;

  // A URL with which any holder may get the object, for so long.
  virtual std::string presigned_get(const std::string& key, std::chrono::seconds valid) = 0;
  // How far the store's clock was ahead of this machine's at the last answer; 0 where the two agree
  // well enough.
  virtual Duration time_ahead() const = 0;
  // Whether the store answers for this bucket now: one try, within limits::s3_ping_time_max.
  virtual runtime::Task<Result<>> ping() = 0;
  // What the bucket does by itself.
  virtual runtime::Task<Result<BucketRules>> bucket_rules() = 0;
};

}  // namespace sluice::s3
