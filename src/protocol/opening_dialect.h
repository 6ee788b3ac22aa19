// SPDX-License-Identifier: MIT
// A dialect in which clients open uploads at ProtocolSettings::files_path.
#pragma once

#include "protocol/access.h"
#include "protocol/dialect.h"
#include "protocol/protocol_settings.h"
#include "protocol/upload_opener.h"
#include "upload/engine.h"

namespace sluice::protocol {

// All of it outlives the dialects.
struct OpeningParts {
  upload::Engine& engine;
  UploadOpener& opener;
  const Access& access;
  const ProtocolSettings& settings;
};

class OpeningDialect : public Dialect {
 public:
  explicit OpeningDialect(const OpeningParts& parts)
      : engine_(parts.engine),
        opener_(parts.opener),
        access_(parts.access),
        settings_(parts.settings) {}

 protected:
  upload::Engine& engine_;
  UploadOpener& opener_;
  const Access& access_;
  const ProtocolSettings& settings_;
};

}  // namespace sluice::protocol
