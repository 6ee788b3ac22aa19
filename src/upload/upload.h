// SPDX-License-Identifier: MIT
// The commands that dialects give the engine and the snapshots that it returns, free of HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/range_set.h"
#include "journal/changes.h"
#include "model/answer.h"
#include "model/layout.h"
#include "model/upload.h"

namespace sluice::upload {

struct NewUpload {
  std::optional<std::uint64_t> file_size;  // Unset: it is not known yet.
  std::string file_name;                   // Data, never a path.
  std::string content_type;
  std::string parameters;     // The session's parameters, a JSON object.
  std::string origin = "{}";  // These three as in model/upload.h.
  std::string owner = {};
  std::optional<model::Layout> layout = {};
  std::string dialect = {};  // These three as in model/upload.h.
  std::string words = {};
  bool is_partial = false;
  // Tokens of partial uploads: their bytes, in this order, become the file, once all of them are
  // complete. No client sends any then.
  std::vector<std::string> partials = {};
  std::string token = {};  // Empty: a random one. `conflict` when there is an upload with it.
  // An upload with the token is returned in place of a new one, or forgotten for it where it is
  // over: delivered, aborted or expired.
  bool finds_former = false;
  journal::OwnerLimits limits = {};
  // Used up by the creation, and only by it.
  std::optional<journal::UseSignature> use = std::nullopt;
  // In place of the configured limit, in bytes.
  std::optional<std::uint64_t> file_size_max = {};
  // Of a file of unknown size: so many bytes can come at most. There has to be room for them.
  std::optional<std::uint64_t> announced = {};
  // Whose share of the room it takes; empty: that of all.
  std::string room_of = {};
};

// NewUpload::room_of for the uploads of one of several owners.
inline std::string room_of_owner(const std::string& owner) {
  return "owner " + owner;
}

// Bytes of the file from `begin` on.
struct Range {
  std::uint64_t begin = 0;
  // The declared end, exclusive; bytes of the body after it are ignored. Unset: up to the end of
  // the body.
  std::optional<std::uint64_t> end = std::nullopt;
  // The file's size as the client gives it; refused when it is not the upload's. Where that is not
  // known, it is from then on.
  std::optional<std::uint64_t> total = std::nullopt;
  bool is_checked = false;  // As in ContinuesAt; the body has to end where the range does.
};
// The whole file, no byte more or less: a request without Content-Range, or a form. Where the size
// is not known, the file ends with the body.
struct WholeFile {
  bool is_checked = false;  // As in ContinuesAt.
};
// A part of a multi-chunk upload: it may begin beyond what is stored, and the body has to fill the
// range, no byte more or less.
struct Part {
  ByteRange range;
  // No byte counts before the body's end, and none when that is an error.
  bool counts_whole = false;
  bool is_checked = false;  // As in ContinuesAt.
};
// Bytes from `offset` on, which has to be where the stored bytes end: offset_mismatch otherwise. Of
// a complete file whose last byte is withheld, that is in front of this byte as well.
struct ContinuesAt {
  std::uint64_t offset = 0;
  // No byte counts before the body's end, and none when that is an error: the end tells whether the
  // bytes are right.
  bool counts_whole = false;
  // The same, but only an end that is digest_mismatch takes bytes away: of a body that breaks off
  // they stay.
  bool is_checked = false;
};
// The same, and the file ends with the body: no byte more or less where its size is known. Of a
// body that breaks off the bytes stay, and the size is as unknown as before.
struct UpToEnd {
  std::uint64_t offset = 0;
  bool is_checked = false;  // As in ContinuesAt.
};
// The kind of a request's body, and where its bytes belong.
using Piece = std::variant<Range, WholeFile, Part, UpToEnd, ContinuesAt>;

// The bytes of a file of `file_size` bytes, or at most so many, that a piece can bring.
ByteRange wanted_range(const Piece& piece, std::uint64_t file_size) noexcept;
// The body has to fill that, no byte more or less.
bool is_exact(const Piece& piece) noexcept;

// An upload at one moment. Values only.
struct Snapshot {
  std::uint64_t id = 0;
  std::string token;
  std::string file_name;
  std::string content_type;                // As the client gave it.
  std::optional<std::uint64_t> file_size;  // Unset while it is not known.
  model::UploadState state = model::UploadState::receiving;
  RangeSet stored;
  // The size of the stored prefix that the client may be told, in bytes. All stored bytes from 0
  // on, but while the file is complete and there is no answer yet one less (promise 2): the last
  // byte is withheld.
  std::uint64_t acknowledged = 0;
  Timestamp created_at;
  Timestamp expires_at;
  Timestamp completed_at;  // When the hand-off began; before, no time.
  // The backend's final answer; set in `delivered` and `refused`.
  std::optional<model::Answer> answer;
  std::string failure;  // In `failed`: why the last attempt did.

  std::string dialect;  // These three as in model/upload.h.
  std::string words;
  bool is_partial = false;
  // Of a multi-chunk upload only, which `stored` is about then.
  std::optional<model::Layout> layout;
  // The backend's name for the file, and the answer as far as it is known before it has the file.
  std::string media_id;
  std::optional<model::Answer> preview;
};

// As commands return it: a coroutine that waits for one keeps no room for it meanwhile.
using SnapshotPtr = std::unique_ptr<const Snapshot>;

}  // namespace sluice::upload
