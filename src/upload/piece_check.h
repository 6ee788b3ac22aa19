// SPDX-License-Identifier: MIT
// Whether a piece can be one of an upload, as far as that is known before its first byte.
#pragma once

#include "base/error.h"
#include "runtime/byte_source.h"
#include "upload/live_upload.h"
#include "upload/upload.h"

namespace sluice::upload {

// The error for the clients of an upload that is over. REQUIRES: is_gone(state).
Error gone(model::UploadState state);

// The errors of Engine::append() for a piece that is refused before it is read.
Result<> check_piece(const LiveUpload& upload, const Piece& piece, const runtime::ByteSource& body);

}  // namespace sluice::upload
