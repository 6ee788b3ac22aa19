// SPDX-License-Identifier: MIT
#include "upload/piece_check.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "upload/upload_state.h"

namespace sluice::upload {

using model::UploadState;

Error gone(UploadState state) {
  return Error(Errc::not_found, state == UploadState::aborted ? "this upload was aborted"
                                                              : "this upload has expired");
}

namespace {

// Of a piece that goes on to the end of its body, which is known: whether the file can go on so
// far.
Result<> check_end(const LiveUpload& upload, const Piece& piece, std::uint64_t coming) {
  const std::uint64_t most = upload.size_bound();
  const std::uint64_t end = saturating_add(wanted_range(piece, most).begin, coming);
  const std::optional<std::uint64_t> size = upload.file_size();
  if (!size && end > most) {
    return fail(
        Errc::file_too_large,
        fmt::format("File size limit is set to {} bytes, the body goes on to byte {}", most, end));
  }
  if (size && std::holds_alternative<UpToEnd>(piece) && end != *size) {
    return fail(Errc::size_mismatch,
                fmt::format("the file has {} bytes, with the end of the body it would have {}",
                            *size, end));
  }
  return {};
}

}  // namespace

Result<> check_piece(const LiveUpload& upload, const Piece& piece,
                     const runtime::ByteSource& body) {
  const model::UploadProgress progress = upload.progress();
  if (is_gone(progress.state)) {
    return fail(gone(progress.state));
  }
  const std::optional<std::uint64_t> size = progress.file_size;
  const auto* const range = std::get_if<Range>(&piece);
  if (range != nullptr && range->total && size && *range->total != *size) {
    return fail(Errc::bad_request,
                fmt::format("Content-Range says that the file has {} bytes, file_size of this "
                            "upload is {}",
                            *range->total, *size));
  }
  if (progress.state != UploadState::receiving) {
    return {};
  }
  if (!upload.is_trusted()) {
    return fail(Errc::storage_failed, "the disk failed under this upload");
  }
  const auto coming = body.remaining();
  if (std::holds_alternative<WholeFile>(piece) && coming && size && *coming != *size) {
    return fail(Errc::bad_request,
                fmt::format("file_size is {} bytes, the body has {}; without Content-Range the "
                            "whole file is expected",
                            *size, *coming));
  }
  const auto* const part = std::get_if<Part>(&piece);
  if (part != nullptr && coming && *coming != part->range.size()) {
    return fail(Errc::bad_request, fmt::format("this part has {} bytes, the body has {}",
                                               part->range.size(), *coming));
  }
  return coming && !std::holds_alternative<Range>(piece) ? check_end(upload, piece, *coming)
                                                         : Result<>();
}

}  // namespace sluice::upload
