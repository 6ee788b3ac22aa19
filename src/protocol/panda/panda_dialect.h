// SPDX-License-Identifier: MIT
// The Panda Upload API (docs/protocol.md): its methods at locations, and its paths.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/access.h"
#include "protocol/call.h"
#include "protocol/dialect.h"
#include "protocol/digest_source.h"
#include "protocol/form_upload.h"
#include "protocol/multichunk/multichunk_dialect.h"
#include "protocol/panda/location_request.h"
#include "protocol/panda/panda_api.h"
#include "protocol/panda/panda_sessions.h"
#include "protocol/panda/video_upload.h"
#include "protocol/protocol_settings.h"
#include "protocol/session_gate.h"
#include "protocol/upload_opener.h"
#include "runtime/task.h"
#include "upload/engine.h"
#include "video/videos.h"

namespace sluice::protocol::panda {

// All of it outlives the dialect.
struct PandaParts {
  upload::Engine& engine;
  SessionGate& gate;
  UploadOpener& opener;
  video::Videos& videos;
  const Access& access;
  const ProtocolSettings& settings;
  multichunk::MultichunkDialect&
      multichunk;  // Gets what is asked of its uploads in words of Panda.
};

// Any thread may call.
class PandaDialect final : public Dialect {
 public:
  explicit PandaDialect(const PandaParts& parts)
      : engine_(parts.engine),
        settings_(parts.settings),
        multichunk_(parts.multichunk),
        sessions_(parts.opener, parts.access, parts.settings),
        video_upload_(parts.engine, parts.gate, parts.access, parts.settings),
        api_(parts.videos) {}

  const char* name() const noexcept override { return panda_name; }
  // Its clients say nothing that others do not: it stands behind all other dialects.
  bool recognises(const http::Request& /*request*/) const override { return false; }
  bool has(http::Method method) const noexcept override;
  runtime::Task<Answer> handle(Call& call) override;
  http::Response render(const Error& error) const override;
  std::vector<Route> routes() override;

 private:
  runtime::Task<Answer> receive(Call& call);   // PUT, POST
  runtime::Task<Answer> describe(Call& call);  // GET
  runtime::Task<Answer> abort(Call& call);     // DELETE
  runtime::Task<Answer> status(Call& call, std::optional<std::uint64_t> total);
  runtime::Task<Answer> complete_empty(Call& call);
  runtime::Task<Answer> append_bytes(Call& call, const LocationRequest& request,
                                     runtime::ByteSource& body);
  // The same for a body of which digests are known: no byte counts where it has others.
  runtime::Task<Answer> append_checked(Call& call, LocationRequest request,
                                       std::vector<ExpectedDigest> digests);
  runtime::Task<Answer> append(Call& call, upload::Piece piece, runtime::ByteSource& body);
  // For a client that takes every 2xx for the whole piece: where less of it is stored, it is 409.
  runtime::Task<Answer> append_all(Call& call, upload::Range piece, runtime::ByteSource& body);
  runtime::Task<Answer> conclude(Call& call, const Result<upload::SnapshotPtr>& appended);
  runtime::Task<Answer> append_form(Call& call, LocationRequest request);
  runtime::Task<Answer> append_whole_form(Call& call, MultipartFileSource& file,
                                          std::optional<std::uint64_t> file_size);
  // Tells the client of an unfinished hand-off what is stored; or the answer, when it has come in
  // the meantime.
  runtime::Task<Answer> pending(Call& call, Error error);

  // Answers with the stored bytes, the backend's answer, or that there will be none.
  runtime::Task<Answer> progress(Call& call, const upload::Snapshot& snapshot);

  upload::Engine& engine_;
  const ProtocolSettings& settings_;
  multichunk::MultichunkDialect& multichunk_;
  PandaSessions sessions_;
  VideoUpload video_upload_;
  PandaApi api_;
};

}  // namespace sluice::protocol::panda
