// SPDX-License-Identifier: MIT
// How uploads come to be: by a session, or as a file without one, of which it is known at its end
// whose it is, how large and what.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "journal/changes.h"
#include "model/upload.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "upload/append.h"
#include "upload/engine.h"
#include "upload/engine_core.h"

namespace sluice::upload {

// Any worker.
class Intake {
 public:
  explicit Intake(EngineCore& core) : core_(core) {}

  // As Engine::create() and Engine::take_file().
  runtime::Task<Result<std::shared_ptr<LiveUpload>>> create(NewUpload request);
  runtime::Task<Result<std::shared_ptr<LiveUpload>>> take_file(NewUpload outline,
                                                               runtime::ByteSource& body,
                                                               FileIdentity& identity);

 private:
  // Forgets `former` with the same commit.
  runtime::Task<Result<std::shared_ptr<LiveUpload>>> create_new(
      NewUpload request, std::optional<journal::RemoveUpload> former);
  // Removes what the store holds of an upload that is over. The change that removes the rest.
  runtime::Task<Result<journal::RemoveUpload>> clear(LiveUpload& former);
  // A file that is durable, and of which the journal was told nothing.
  struct StoredFile {
    std::uint64_t size = 0;
    std::vector<model::Extent> extents;  // Of all of it.
  };
  // Gives a file of unknown size its bound.
  runtime::Task<Result<model::UploadRecord>> new_record(NewUpload& request);
  // A clock that was set makes the journal forget no signature before its time.
  journal::UseSignature used(journal::UseSignature use) const;
  // The file's own record, with the file durable in the store and the journal.
  runtime::Task<Result<model::UploadRecord>> receive_file(LiveUpload& upload,
                                                          runtime::ByteSource& body,
                                                          FileIdentity& identity);
  runtime::Task<Result<StoredFile>> store_file(LiveUpload& upload, runtime::ByteSource& body);
  runtime::Task<> discard_file(LiveUpload& upload, const Error& reason);
  runtime::Task<Result<>> forget_nameless(LiveUpload& upload);
  runtime::Task<Result<>> end_nameless(LiveUpload& upload);

  EngineCore& core_;
};

}  // namespace sluice::upload
