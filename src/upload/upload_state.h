// SPDX-License-Identifier: MIT
// The life of an upload as a pure function: what happened -> what is true now and what has to be
// done. No I/O, no clock.
//
//   receiving -> received -> delivering -> delivered                  (final)
//                   ^             '-> refused | failed | set_aside -> expired      (expired: final)
//                   '---------------------'  by the operator; he may refuse one that is set aside
//   receiving -> aborted | expired                                    (final)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/range_set.h"
#include "model/answer.h"
#include "model/extent.h"
#include "model/upload.h"

namespace sluice::upload {

// Bytes that a request brought are written, or none. What lies beyond the file's size is none of
// the file.
struct BytesStored {
  RangeSet ranges;
  Timestamp expires_at;  // When the upload expires unless more comes.
  // The request ended as its framing promised, so the file may be finished by it.
  bool may_finish = true;
  Timestamp now = {};
  // They are not synced: a power cut may take them.
  bool is_deferred = false;
  // Bytes that were unsynced before, and were synced with them.
  RangeSet synced = {};
  // Where `ranges` lie, as Blob::settle() says.
  std::vector<model::Extent> extents = {};
  // The file's size as the request tells it. It counts where none was known, unless more is stored:
  // the caller compares.
  std::optional<std::uint64_t> file_size = {};
  // Of `ranges`, the bytes that are stored already, and are known to be the same. Unset: all that
  // are stored.
  std::optional<RangeSet> compared = {};
};
// Bytes that were stored unsynced are durable now.
struct BytesSynced {
  RangeSet ranges;
};
// A sync has failed: the state of unsynced bytes is not known any more.
struct BytesLost {};
struct AttemptBegan {};
struct AttemptFailed {
  unsigned attempts = 0;
  Timestamp next_attempt_at;
  std::string reason = {};
};
// The last attempt has failed.
struct GaveUp {
  unsigned attempts = 0;
  std::string reason;
  Timestamp now;
  Timestamp forget_at;
};
// The checks have taken the file.
struct Cleared {};
// The checks leave it to the operator what becomes of the file.
struct SetAside {
  std::string reason;
  Timestamp now;
  Timestamp forget_at;
};
// The operator takes a file that is set aside.
struct Released {
  Timestamp now;
};
// The operator refuses a file that is set aside.
struct Refused {
  model::Answer answer;
  Timestamp now;
  Timestamp forget_at;
};
// The file of an upload that failed, was refused or is set aside is to be handed over once more;
// the checks that it has not passed come first.
struct PutBack {
  Timestamp now;
};
struct Answered {
  model::Answer answer;
  bool blob_taken = false;
  Timestamp now;
  Timestamp forget_at;
};
struct Aborted {
  Timestamp forget_at;
  std::string reason = {};  // Where it was not the client's wish.
};
// Too early where the upload expires later than now.
struct Expired {
  Timestamp now;
};
struct BlobRemoved {};

using Event =
    std::variant<BytesStored, BytesSynced, BytesLost, AttemptBegan, AttemptFailed, GaveUp, Cleared,
                 SetAside, Released, Refused, PutBack, Answered, Aborted, Expired, BlobRemoved>;

// A power cut may take the change back, before the next that it must not take.
bool may_be_lost(const Event& event) noexcept;

struct Transition {
  model::UploadProgress progress;
  bool changed = false;      // Something that the journal has to know.
  bool deliver = false;      // Hand the file to the backend.
  bool remove_blob = false;  // The bytes are not needed any more.
  // Nothing has changed: with these bytes the file is complete, and all of it has to be synced
  // first.
  bool sync_first = false;
  // Nothing has changed: these bytes were stored before, perhaps by another engine, and may be
  // others than those of the event.
  RangeSet compare_first = {};
};

// An event that comes too late for the state (bytes for an aborted upload, a second answer) changes
// nothing.
Transition apply_to(model::UploadProgress progress, const Event& event);

// Never while the size is not known.
bool is_complete(const model::UploadProgress& progress) noexcept;
// delivered or refused: there is an answer, final for the client.
bool is_finished(model::UploadState state) noexcept;
// received or delivering: the outbox has the file.
bool is_being_handed_over(model::UploadState state) noexcept;
// The same, or set aside: the file is complete, and there will be an answer.
bool awaits_answer(model::UploadState state) noexcept;
// delivered, refused or failed: nothing more is to be waited for.
bool is_decided(model::UploadState state) noexcept;
// refused, failed or set aside, with its file: the operator may have it handed over once more.
bool can_be_put_back(const model::UploadProgress& progress) noexcept;
// receiving, refused, failed or set aside: its time ends what it is, and takes its file.
bool can_expire(model::UploadState state) noexcept;
using model::is_gone;

// One past the last byte; 0 if none.
std::uint64_t end_of(const RangeSet& ranges) noexcept;

// The size of the stored prefix that clients may be told (promise 2).
std::uint64_t acknowledged(const model::UploadProgress& progress) noexcept;

}  // namespace sluice::upload
