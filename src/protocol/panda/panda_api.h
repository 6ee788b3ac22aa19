// SPDX-License-Identifier: MIT
// The Panda API beside uploads: videos (lists, single records, metadata, removal), and the empty
// lists of what Sluice does not make.
#pragma once

#include "protocol/call.h"
#include "runtime/task.h"
#include "video/videos.h"

namespace sluice::protocol::panda {

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
  runtime::Task<Answer> encodings(Call& call);      // GET /videos/ID/encodings.json

  // Nothing is encoded: there are no profiles, and no encodings of anything.
  runtime::Task<Answer> all_encodings(Call& call);  // GET /encodings.json
  runtime::Task<Answer> profiles(Call& call);       // GET /profiles.json

 private:
  video::Videos& videos_;
};

}  // namespace sluice::protocol::panda
