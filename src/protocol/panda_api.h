// SPDX-License-Identifier: MIT
// The videos of the Panda API: lists, single records, metadata, removal.
#pragma once

#include "protocol/call.h"
#include "runtime/task.h"
#include "video/videos.h"

namespace sluice::protocol {

class PandaApi {
 public:
  // `videos` outlives this. Any thread may call.
  explicit PandaApi(video::Videos& videos) : videos_(videos) {}

  // The id of a video is the call's capture.
  runtime::Task<Answer> list(Call& call);           // GET /videos.json
  runtime::Task<Answer> find(Call& call);           // GET /videos/ID.json
  runtime::Task<Answer> metadata(Call& call);       // GET /videos/ID/metadata.json
  runtime::Task<Answer> remove(Call& call);         // DELETE /videos/ID.json
  runtime::Task<Answer> remove_source(Call& call);  // DELETE /videos/ID/source.json

 private:
  video::Videos& videos_;
};

}  // namespace sluice::protocol
