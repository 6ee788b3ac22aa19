// SPDX-License-Identifier: MIT
// POST /videos.json: a video without a session, its file and its parameters in one request.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/panda/byte_allowance.h"
#include "protocol/panda/incoming_file.h"
#include "protocol/parameters.h"
#include "protocol/protocol_settings.h"
#include "protocol/session_gate.h"
#include "runtime/byte_source.h"
#include "runtime/task.h"
#include "upload/engine.h"

namespace sluice::protocol::panda {

class VideoUpload {
 public:
  // All of them outlive this. Any thread may call.
  VideoUpload(upload::Engine& engine, SessionGate& gate, const Access& access,
              const ProtocolSettings& settings)
      : engine_(engine),
        settings_(settings),
        unknown_senders_(settings.unauthenticated_bytes,
                         settings.unauthenticated_bytes_per_address),
        parts_{gate, access, settings, unknown_senders_} {}

  runtime::Task<Answer> receive(Call& call);

 private:
  runtime::Task<Answer> receive_form(Call& call, std::string boundary);
  runtime::Task<Answer> receive_raw(Call& call);
  runtime::Task<Answer> take(Call& call, IncomingFile& file, runtime::ByteSource& body,
                             std::uint64_t bytes, std::uint64_t beside);
  // The backend's, or that there is none yet.
  runtime::Task<Answer> answer(Call& call, const std::string& token);

  upload::Engine& engine_;
  const ProtocolSettings& settings_;
  ByteAllowance unknown_senders_;
  const IncomingFile::Parts parts_;
};

}  // namespace sluice::protocol::panda
