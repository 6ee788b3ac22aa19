// SPDX-License-Identifier: MIT
// A file's size that comes after the upload's creation, and not by the end of a body.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "runtime/task.h"
#include "upload/append.h"
#include "upload/live_upload.h"

namespace sluice::upload {

// As Engine::declare_size(). True when the file is complete by that and has to be handed over.
runtime::Task<Result<bool>> learn_size(LiveUpload& upload, const AppendTools& tools,
                                       std::uint64_t file_size);

}  // namespace sluice::upload
