// SPDX-License-Identifier: MIT
// The Panda Upload API: opening sessions, and all that is done at their locations
// (docs/protocol.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/multichunk_dialect.h"
#include "protocol/parameters.h"
#include "protocol/protocol_settings.h"
#include "protocol/session_gate.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol {

class PandaDialect {
 public:
  // All of them outlive the dialect. Any thread may call.
  PandaDialect(upload::Engine& engine, SessionGate& gate, const Access& access,
               const ProtocolSettings& settings)
      : engine_(engine), gate_(gate), access_(access), settings_(settings), multichunk_(engine) {}

  // POST /videos/upload.json
  runtime::Task<Answer> open_session(Call& call);
  // POST /panda/authorize_upload, from a script of a page on the server's own origin
  runtime::Task<Answer> open_page_session(Call& call);

  // At /uploads/TOKEN; the token is the call's capture.
  runtime::Task<Answer> receive(Call& call);   // PUT, POST
  runtime::Task<Answer> describe(Call& call);  // GET
  runtime::Task<Answer> abort(Call& call);     // DELETE
  // The number of the upload there, for the log; 0 when there is none.
  runtime::Task<std::uint64_t> upload_of(std::string token);

 private:
  using SessionAnswer = http::Response (PandaDialect::*)(const Call&,
                                                         const upload::Snapshot&) const;
  runtime::Task<Answer> open(Call& call, const auth::Grant& grant, const Parameters& parameters,
                             SessionAnswer answer);
  http::Response session_answer(const Call& call, const upload::Snapshot& snapshot) const;
  http::Response page_session_answer(const Call& call, const upload::Snapshot& snapshot) const;
  runtime::Task<Answer> status(Call& call, std::optional<std::uint64_t> total);
  runtime::Task<Answer> complete_empty(Call& call);
  runtime::Task<Answer> append(Call& call, upload::Piece piece, runtime::ByteSource& body);
  runtime::Task<Answer> conclude(Call& call, const Result<upload::SnapshotPtr>& appended);
  runtime::Task<Answer> append_form(Call& call, std::string boundary);
  // Tells the client of an unfinished hand-off what is stored; or the answer, when it has come in
  // the meantime.
  runtime::Task<Answer> pending(Call& call, Error error);

  // What is stored, the backend's answer, or that there will be none.
  runtime::Task<Answer> progress(Call& call, const upload::Snapshot& snapshot);
  // Absolute when the request or the settings say the host.
  std::string location(const Call& call, const std::string& token) const;

  upload::Engine& engine_;
  SessionGate& gate_;
  const Access& access_;
  const ProtocolSettings& settings_;
  MultichunkDialect multichunk_;
};

}  // namespace sluice::protocol
