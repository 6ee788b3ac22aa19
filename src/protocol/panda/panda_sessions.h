// SPDX-License-Identifier: MIT
// Opening sessions of the Panda Upload API: from the parameters to an upload and its location.
#pragma once

#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/parameters.h"
#include "protocol/protocol_settings.h"
#include "protocol/upload_opener.h"
#include "runtime/task.h"
#include "upload/upload.h"

namespace sluice::protocol::panda {

class PandaSessions {
 public:
  // All of them outlive this. Any thread may call.
  PandaSessions(UploadOpener& opener, const Access& access, const ProtocolSettings& settings)
      : opener_(opener), access_(access), settings_(settings) {}

  // POST /videos/upload.json
  runtime::Task<Answer> open(Call& call);
  // POST /panda/authorize_upload, from a script of a page on the server's own origin
  runtime::Task<Answer> open_for_page(Call& call);

 private:
  using SessionAnswer = http::Response (PandaSessions::*)(const Call&,
                                                          const upload::Snapshot&) const;
  runtime::Task<Answer> create(Call& call, const auth::Grant& grant, const Parameters& parameters,
                               SessionAnswer answer);
  http::Response session_answer(const Call& call, const upload::Snapshot& snapshot) const;
  http::Response page_session_answer(const Call& call, const upload::Snapshot& snapshot) const;

  UploadOpener& opener_;
  const Access& access_;
  const ProtocolSettings& settings_;
};

}  // namespace sluice::protocol::panda
