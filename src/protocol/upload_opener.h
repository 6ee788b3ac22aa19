// SPDX-License-Identifier: MIT
// Opening an upload, which is the same in all dialects: whose it is, its owner's limits, the
// consent of the application, and the engine.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "base/error.h"
#include "http/message.h"
#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/protocol_settings.h"
#include "protocol/session_gate.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol {

// The upload; or the answer to the request instead: an error, or the application's own words.
using Opened = std::expected<upload::SnapshotPtr, Answer>;

// Another call has opened an upload with the same token.
inline bool is_conflict(const Answer& refusal) noexcept {
  return !refusal && refusal.error().code() == Errc::conflict;
}

class UploadOpener {
 public:
  // All of them outlive this. Any thread may call.
  UploadOpener(upload::Engine& engine, SessionGate& gate, const Access& access,
               const ProtocolSettings& settings)
      : engine_(engine), gate_(gate), access_(access), settings_(settings) {}

  // `proposal` says what the client wants: file, dialect, parameters; `grant` is Access::judge()'s.
  // bad_request where no location could be told, and the errors of Engine::create().
  runtime::Task<Opened> open(Call& call, const auth::Grant& grant, upload::NewUpload proposal);

 private:
  upload::Engine& engine_;
  SessionGate& gate_;
  const Access& access_;
  const ProtocolSettings& settings_;
};

// Where the session comes from, as model::UploadRecord keeps it: {"address","headers"}. Of the
// request's headers only those that are named in `kept`; several of one name become one (RFC 9110
// 5.3). Where the request belongs to a trace, that comes as traceparent, too.
std::string session_origin(const http::Request& request, const http::RequestContext& context,
                           const std::vector<std::string>& kept);

}  // namespace sluice::protocol
