// SPDX-License-Identifier: MIT
#include "upload/piece_check.h"

#include <fmt/format.h>

#include "upload/upload_state.h"

namespace sluice::upload {

using model::UploadState;

Error gone(UploadState state) {
  return Error(Errc::not_found, state == UploadState::aborted ? "this upload was aborted"
                                                              : "this upload has expired");
}

Result<> check_piece(const LiveUpload& upload, const Piece& piece,
                     const runtime::ByteSource& body) {
  const model::UploadProgress progress = upload.progress();
  if (is_gone(progress.state)) {
    return fail(gone(progress.state));
  }
  const std::uint64_t size = upload.file_size();
  const auto* const range = std::get_if<Range>(&piece);
  if (range != nullptr && range->total && *range->total != size) {
    return fail(Errc::bad_request,
                fmt::format("Content-Range says that the file has {} bytes, file_size of this "
                            "upload is {}",
                            *range->total, size));
  }
  if (progress.state != UploadState::receiving) {
    return {};
  }
  if (!upload.is_trusted()) {
    return fail(Errc::storage_failed, "the disk failed under this upload");
  }
  const auto coming = body.remaining();
  if (std::holds_alternative<WholeFile>(piece) && coming && *coming != size) {
    return fail(Errc::bad_request,
                fmt::format("file_size is {} bytes, the body has {}; without Content-Range the "
                            "whole file is expected",
                            size, *coming));
  }
  const auto* const part = std::get_if<Part>(&piece);
  if (part != nullptr && coming && *coming != part->range.size()) {
    return fail(Errc::bad_request, fmt::format("this part has {} bytes, the body has {}",
                                               part->range.size(), *coming));
  }
  return {};
}

}  // namespace sluice::upload
