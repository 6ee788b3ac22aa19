// SPDX-License-Identifier: MIT
// Decides what happens to uploads: every command of every dialect goes through here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "upload/upload.h"

namespace sluice::upload {

// Says what a file is that came without a session, when all of it is there.
class FileIdentity {
 public:
  virtual ~FileIdentity() = default;

  // The number that the file's upload has from now on, for the log, whatever becomes of it.
  virtual void numbered(std::uint64_t /*upload_id*/) {}
  // The upload that the file is, of `file_size` bytes. An error refuses it.
  virtual runtime::Task<Result<NewUpload>> identify(std::uint64_t file_size) = 0;
};

// What tells an upload from others before anything is asked of it.
struct Label {
  std::uint64_t id = 0;
  std::string dialect;  // As in model/upload.h.
};

// Any worker may call; commands continue on the caller's executor. Errors carry the words for the
// client.
class Engine {
 public:
  virtual ~Engine() = default;

  // Durable when it returns. file_too_large, disk_full, overloaded; too_many_sessions and
  // quota_exceeded for an owner who has enough, not_authorized for a signature that was used.
  // `conflict` where an upload has NewUpload::token, unless `finds_former`. A file that is made of
  // partial uploads is made without a further call; the upload ends as aborted where one of these
  // ends before it is complete, and where it would be too large.
  virtual runtime::Task<Result<SnapshotPtr>> create(NewUpload request) = 0;

  // Of requests that still run, it has made the bytes durable that had arrived, as far as the disk
  // does that within limits::status_wait_max; it never waits for a sender. not_found for unknown,
  // aborted and expired uploads.
  virtual runtime::Task<Result<SnapshotPtr>> status(std::string token) = 0;

  // The file has `file_size` bytes: what a later request tells of an upload whose size is not
  // known. With as many bytes stored the file is complete, and handed over; append() waits for the
  // answer. Requests that write bytes beyond it are cut off (taken_over). May be repeated.
  // size_mismatch where another size is known or more is stored, file_too_large.
  virtual runtime::Task<Result<SnapshotPtr>> declare_size(std::string token,
                                                          std::uint64_t file_size) = 0;

  // As status(), of what is durable already: for a request that brings bytes itself.
  virtual runtime::Task<Result<SnapshotPtr>> peek(std::string token) = 0;

  // Of aborted and expired uploads too; not_found for a token of none.
  virtual runtime::Task<Result<Label>> label_of(std::string token) = 0;

  // Stores what `body` brings, as far as it fits, and returns when that is durable; with the piece
  // that completes the file, when the backend has answered (`answer` is set then), when the last
  // attempt has failed (`failed`), or delivery_pending when it takes too long. Bytes that are
  // stored already are compared: content_mismatch when they differ. A piece that begins beyond what
  // is stored, or that belongs to a finished upload, is not read, nor is one that is no part and
  // for a multi-chunk upload; the caller gets rid of the body. On an error of the body what had
  // arrived is kept and durable before this returns the error. Newer requests for the same bytes
  // end this one with taken_over; one that has to continue and does not is offset_mismatch.
  // size_mismatch for the end of a file of another size; file_too_large for bytes beyond what a
  // file of unknown size may have. `token` and `body` live until this returns.
  virtual runtime::Task<Result<SnapshotPtr>> append(const std::string& token, Piece piece,
                                                    runtime::ByteSource& body) = 0;

  // Returns what append() does with the last byte of an upload that is made of partial uploads.
  // While its bytes are being written it waits for longer.
  virtual runtime::Task<Result<SnapshotPtr>> wait_for_made(std::string token) = 0;

  // Stores the file that `body` is, asks `identity` whose it is and what, and hands it over;
  // append() waits for the answer. `outline` says what is known before: how much is announced,
  // and perhaps the owner. Nothing remains of a file that breaks off or is refused:
  // by `identity`, by what refuses create(), or as file_too_large.
  virtual runtime::Task<Result<SnapshotPtr>> take_file(NewUpload outline, runtime::ByteSource& body,
                                                       FileIdentity& identity) = 0;

  // The body of an answer that lies in a file (Answer::spilled_bytes), from its first byte.
  // `answer` lives until this returns.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_answer(
      std::uint64_t upload_id, const model::Answer& answer) = 0;

  // Bytes of the file that the backend has taken, where this server still has it: of an upload of
  // several files, the main one. not_delivered before, not_found where it is not here.
  virtual runtime::Task<Result<std::shared_ptr<runtime::ByteSource>>> open_file(
      std::string token, ByteRange range) = 0;

  // Frees the bytes; a finished or failed upload stays as it is. Repeating it is no error.
  // not_found for unknown and expired.
  virtual runtime::Task<Result<>> abort(std::string token) = 0;
};

}  // namespace sluice::upload
