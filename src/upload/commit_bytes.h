// SPDX-License-Identifier: MIT
// The commit of bytes that another engine may have stored meanwhile.
#pragma once

#include <vector>

#include "base/error.h"
#include "runtime/task.h"
#include "store/store.h"
#include "upload/live_upload.h"

namespace sluice::upload {

// As LiveUpload::commit(). `arrived`: the bytes of the event, with the blobs through which they
// were settled. Those that are stored already are compared before anything counts: content_mismatch
// where they are others. not_found: another engine has ended and forgotten the upload meanwhile;
// its bytes are removed from `store` again, or left to a comparison of both where that fails.
runtime::Task<Result<Transition>> commit_bytes(LiveUpload& upload, BytesStored event,
                                               const std::vector<Arrived>& arrived,
                                               store::Store& store);

}  // namespace sluice::upload
