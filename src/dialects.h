// SPDX-License-Identifier: MIT
// The languages that the server speaks, and the router that leads to them.
#pragma once

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/authenticator.h"
#include "base/clock.h"
#include "base/limits.h"
#include "files/files.h"
#include "protocol/access.h"
#include "protocol/filepond/filepond_dialect.h"
#include "protocol/formchunks/formchunks_dialect.h"
#include "protocol/multichunk/multichunk_dialect.h"
#include "protocol/panda/panda_dialect.h"
#include "protocol/protocol_settings.h"
#include "protocol/range308/range308_dialect.h"
#include "protocol/route.h"
#include "protocol/router.h"
#include "protocol/rufh/rufh_dialect.h"
#include "protocol/service_pages.h"
#include "protocol/session_gate.h"
#include "protocol/stored_files/stored_files_api.h"
#include "protocol/tus/tus_dialect.h"
#include "protocol/upload_opener.h"
#include "upload/engine.h"
#include "video/videos.h"

namespace sluice {

// All of it outlives the dialects.
struct DialectParts {
  upload::Engine& engine;
  protocol::SessionGate& gate;
  video::Videos& videos;
  files::Files& files;
  protocol::ServicePages& pages;
  const auth::Authenticator& authenticator;
  // Of the tokens of uploads that come as form chunks; empty where these are not enabled.
  std::string form_key;
  std::vector<protocol::Route> further = {};  // Of no dialect.
  // How long form chunks wait for each other, and RUFH from one 104 to the next.
  Duration chunks_wait = limits::other_chunks_wait_max;
  std::chrono::nanoseconds progress_pause = limits::progress_told_pause;
};

class Dialects {
 public:
  Dialects(const DialectParts& parts, protocol::ProtocolSettings settings)
      : settings_(std::move(settings)),
        form_key_(parts.form_key),
        access_(parts.authenticator, settings_),
        multichunk_(parts.engine),
        opener_(parts.engine, parts.gate, access_, settings_),
        formchunks_({parts.engine, opener_, access_, settings_}, form_key_, parts.chunks_wait),
        filepond_({parts.engine, opener_, access_, settings_}),
        range308_({parts.engine, opener_, access_, settings_}),
        tus_({parts.engine, opener_, access_, settings_}),
        rufh_({parts.engine, opener_, access_, settings_}, parts.progress_pause),
        panda_({parts.engine, parts.gate, opener_, parts.videos, access_, settings_, multichunk_}),
        stored_files_(parts.files),
        router_({parts.engine, parts.pages, access_, enabled(), beside_dialects(parts)},
                settings_) {}

  Dialects(const Dialects&) = delete;
  Dialects& operator=(const Dialects&) = delete;

  http::Handler& router() noexcept { return router_; }
  // As ProtocolSettings::change().
  void change(const protocol::ProtocolSettings& settings) { settings_.change(settings); }

 private:
  // In the order in which they are asked: Panda is the last, as it takes all requests that are
  // left.
  std::vector<protocol::Dialect*> enabled() {
    std::vector<protocol::Dialect*> list;
    const auto add = [&](std::string_view name,
                         std::initializer_list<protocol::Dialect*> dialects) {
      if (std::ranges::find(settings_.dialects, name) != settings_.dialects.end()) {
        list.insert(list.end(), dialects);
      }
    };
    // Of requests that say nothing, tus says what it expects.
    add(protocol::range308_name, {&range308_});
    add(protocol::filepond_name, {&filepond_});
    add(protocol::formchunks_name, {&formchunks_});
    add(protocol::tus_name, {&tus_});
    add(protocol::rufh_name, {&rufh_});
    add(protocol::panda_name, {&multichunk_, &panda_});
    return list;
  }

  std::vector<protocol::Route> beside_dialects(const DialectParts& parts) {
    std::vector<protocol::Route> routes = stored_files_.routes();
    routes.insert(routes.end(), parts.further.begin(), parts.further.end());
    return routes;
  }

  protocol::ProtocolSettings settings_;
  const std::string form_key_;
  const protocol::Access access_;
  protocol::multichunk::MultichunkDialect multichunk_;
  protocol::UploadOpener opener_;
  protocol::formchunks::FormChunksDialect formchunks_;
  protocol::filepond::FilePondDialect filepond_;
  protocol::range308::Range308Dialect range308_;
  protocol::tus::TusDialect tus_;
  protocol::rufh::RufhDialect rufh_;
  protocol::panda::PandaDialect panda_;
  protocol::stored_files::StoredFilesApi stored_files_;
  protocol::Router router_;
};

}  // namespace sluice
