// SPDX-License-Identifier: MIT
// The commands that dialects give the engine and the snapshots that it returns, free of HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/range_set.h"
#include "journal/changes.h"
#include "model/answer.h"
#include "model/layout.h"
#include "model/upload.h"

namespace sluice::upload {

struct NewUpload {
  std::uint64_t file_size = 0;
  std::string file_name;  // Data, never a path.
  std::string content_type;
  std::string parameters;     // The session's parameters, a JSON object.
  std::string origin = "{}";  // These three as in model/upload.h.
  std::string owner = {};
  std::optional<model::Layout> layout = {};
  std::string dialect = {};  // As in model/upload.h.
  journal::OwnerLimits limits = {};
  // Used up by the creation, and only by it.
  std::optional<journal::UseSignature> use = std::nullopt;
  // In place of the configured limit, in bytes.
  std::optional<std::uint64_t> file_size_max = {};
  // Whose share of the room it takes; empty: that of all.
  std::string room_of = {};
  // Of the upload, for a dialect that finds it again by it; empty: a random one.
  std::string token = {};
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
  // The file's size as the client gives it; refused when it is not the upload's.
  std::optional<std::uint64_t> total = std::nullopt;
};
// The whole file, no byte more or less: a request without Content-Range, or a form.
struct WholeFile {};
// A part of a multi-chunk upload: it may begin beyond what is stored, and the body has to fill the
// range, no byte more or less.
struct Part {
  ByteRange range;
};
// A file whose size is known at its end, at most the upload's.
struct UpToEnd {};
// Bytes from `offset` on, which has to be where the stored bytes end: offset_mismatch otherwise.
struct ContinuesAt {
  std::uint64_t offset = 0;
};
// The kind of a request's body, and where its bytes belong.
using Piece = std::variant<Range, WholeFile, Part, UpToEnd, ContinuesAt>;

// The bytes of a file of `file_size` bytes that a piece can bring.
ByteRange wanted_range(const Piece& piece, std::uint64_t file_size) noexcept;
// The body has to fill that, no byte more or less.
bool is_exact(const Piece& piece) noexcept;

// An upload at one moment. Values only.
struct Snapshot {
  std::uint64_t id = 0;
  std::string token;
  std::string file_name;
  std::uint64_t file_size = 0;
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

  std::string dialect;  // As in model/upload.h.
  // Of a multi-chunk upload only, which `stored` is about then.
  std::optional<model::Layout> layout;
  // The backend's name for the file, and the answer as far as it is known before it has the file.
  std::string media_id;
  std::optional<model::Answer> preview;
};

// For an answer that is long in coming: thousands of coroutines wait for one, and none of them
// keeps the room of a whole snapshot meanwhile.
using SnapshotPtr = std::unique_ptr<const Snapshot>;

}  // namespace sluice::upload
